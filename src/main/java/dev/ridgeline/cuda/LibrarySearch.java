package dev.ridgeline.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Where a library of the CUDA toolkit may be: on the loader's path, in a toolkit's folder, or in a
/// Python environment that has NVIDIA's packages.
final class LibrarySearch {
    private static final List<String> TOOLKIT_VARIABLES = List.of("CUDA_HOME", "CUDA_PATH");
    private static final List<String> PYTHON_VARIABLES = List.of("VIRTUAL_ENV", "CONDA_PREFIX");

    private final Map<String, String> environment;
    private final Path root;

    /// @param root of the file system; another one in tests
    LibrarySearch(Map<String, String> environment, Path root) {
        this.environment = environment;
        this.root = root;
    }

    /// The first of `names` that loads from anywhere, in the order of the names.
    Optional<NativeLibrary> first(List<String> names) {
        for (var name : names) {
            var found =
                    Stream.concat(
                                    Stream.of(name),
                                    folders().stream()
                                            .map(folder -> folder.resolve(name))
                                            .filter(Files::exists)
                                            .map(Path::toString))
                            .map(NativeLibrary::open)
                            .flatMap(Optional::stream)
                            .findFirst();
            if (found.isPresent()) return found;
        }
        return Optional.empty();
    }

    /// Folders that exist, those that someone named first.
    List<Path> folders() {
        var folders = new ArrayList<Path>();
        for (var variable : TOOLKIT_VARIABLES) named(variable).ifPresent(p -> toolkit(p, folders));
        for (var toolkit : children(root.resolve("usr/local"), "cuda*")) toolkit(toolkit, folders);
        for (var variable : PYTHON_VARIABLES)
            named(variable).ifPresent(p -> python(p.resolve("lib"), folders));
        pythons().forEach(bin -> python(bin.resolveSibling("lib"), folders));
        named("HOME").ifPresent(home -> python(home.resolve(".local/lib"), folders));
        return folders.stream().filter(Files::isDirectory).distinct().toList();
    }

    private Optional<Path> named(String variable) {
        return Optional.ofNullable(environment.get(variable))
                .filter(value -> !value.isBlank())
                .map(Path::of);
    }

    private static void toolkit(Path home, List<Path> to) {
        to.add(home.resolve("lib64"));
        to.add(home.resolve("targets/x86_64-linux/lib"));
    }

    /// Folders of the Pythons on `PATH`, and of what each is a link to: a link on the path may lead
    /// into an environment, and the Python of an environment is a link to the system's.
    private List<Path> pythons() {
        var folders = new ArrayList<Path>();
        for (var folder : environment.getOrDefault("PATH", "").split(":")) {
            var python = Path.of(folder).resolve("python3");
            if (folder.isBlank() || !Files.exists(python)) continue;
            folders.add(python.getParent());
            // none is broken or a circle, because the first of them exists
            while (Files.isSymbolicLink(python)) {
                python = target(python);
                folders.add(python.getParent());
            }
        }
        return folders;
    }

    private static Path target(Path link) {
        try {
            return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `lib/python3.12/site-packages/nvidia/cublas/lib`, and `nvidia/cu13/lib` since CUDA 13.
    private static void python(Path lib, List<Path> to) {
        for (var python : children(lib, "python3*"))
            for (var packages : List.of("site-packages", "dist-packages"))
                for (var part : children(python.resolve(packages).resolve("nvidia"), "*"))
                    to.add(part.resolve("lib"));
    }

    /// In falling order of their names, so that a newer version comes first.
    private static List<Path> children(Path folder, String glob) {
        if (!Files.isDirectory(folder)) return List.of();
        try (var entries = Files.newDirectoryStream(folder, glob)) {
            var all = new ArrayList<Path>();
            entries.forEach(all::add);
            return all.stream().sorted((a, b) -> b.compareTo(a)).toList();
        } catch (IOException unreadable) {
            return List.of();
        }
    }
}

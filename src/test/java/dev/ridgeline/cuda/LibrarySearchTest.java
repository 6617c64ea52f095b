package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class LibrarySearchTest {
    @TempDir Path root;

    @Test
    void looks_where_someone_said_first_then_in_toolkits_then_in_python() throws IOException {
        var named = folder("opt/cuda/lib64");
        var newer = folder("usr/local/cuda-13.0/lib64");
        var older = folder("usr/local/cuda-12.6/targets/x86_64-linux/lib");
        var venv = folder("venv/lib/python3.12/site-packages/nvidia/cublas/lib");
        var user = folder("home/.local/lib/python3.11/site-packages/nvidia/cu13/lib");
        folder("venv/lib/python3.12/site-packages/numpy/lib");
        var search =
                new LibrarySearch(
                        Map.of(
                                "CUDA_HOME", root.resolve("opt/cuda").toString(),
                                "VIRTUAL_ENV", root.resolve("venv").toString(),
                                "HOME", root.resolve("home").toString()),
                        root);
        assertThat(search.folders()).containsExactly(named, newer, older, venv, user);
    }

    @Test
    void finds_the_environment_of_a_python_on_the_path() throws IOException {
        var bin = folder("env/bin");
        Files.createFile(bin.resolve("python3"));
        var lib = folder("env/lib/python3.13/site-packages/nvidia/cublas/lib");
        var search = new LibrarySearch(Map.of("PATH", bin + ":" + root.resolve("nowhere")), root);
        assertThat(search.folders()).containsExactly(lib);
    }

    @Test
    void follows_a_link_on_the_path_into_its_environment() throws IOException {
        var system = Files.createFile(folder("usr/bin").resolve("python3.12"));
        var inside = folder("opt/env/bin").resolve("python3");
        Files.createSymbolicLink(inside, system);
        Files.createSymbolicLink(folder("usr/local/bin").resolve("python3"), inside);
        var lib = folder("opt/env/lib/python3.12/site-packages/nvidia/cu13/lib");
        var path = root.resolve("usr/local/bin").toString();
        assertThat(new LibrarySearch(Map.of("PATH", path), root).folders()).containsExactly(lib);
    }

    @Test
    void is_empty_where_no_name_loads() throws IOException {
        var lib = folder("opt/cuda/lib64");
        Files.writeString(lib.resolve("libnothing.so.1"), "no library");
        var search =
                new LibrarySearch(Map.of("CUDA_HOME", root.resolve("opt/cuda").toString()), root);
        assertThat(search.first(List.of("libnothing.so.1", "libnowhere.so.2"))).isEmpty();
    }

    @Test
    void takes_a_library_of_the_loaders_path() {
        assertThat(new LibrarySearch(Map.of(), root).first(List.of("libm.so.6")))
                .hasValueSatisfying(found -> assertThat(found.path()).isEqualTo("libm.so.6"));
    }

    private Path folder(String path) throws IOException {
        return Files.createDirectories(root.resolve(path));
    }
}

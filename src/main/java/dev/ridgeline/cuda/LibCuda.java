package dev.ridgeline.cuda;

import java.nio.file.Path;
import java.util.Optional;

/// The driver's library as the loader finds it: looked for here before JCuda is touched, whose
/// classes cannot load without it, and the source of the calls that JCuda lacks or makes slowly.
final class LibCuda {
    static final String NAME = "libcuda.so.1";

    /// Why there is no CUDA on a machine without the library.
    static final String ABSENT = "no NVIDIA driver: " + NAME + " is not on the loader's path";

    private static final Optional<NativeLibrary> LIBRARY = NativeLibrary.open(NAME);

    /// `const char *f(void)`.
    public interface Name {
        long get();
    }

    private LibCuda() {}

    static boolean found() {
        return LIBRARY.isPresent();
    }

    /// @throws IllegalStateException if the library is not here
    static NativeLibrary library() {
        return LIBRARY.orElseThrow(() -> new IllegalStateException(ABSENT));
    }

    /// What the stand-in has to say of the last failure: which kernel, block and thread did what.
    static Optional<String> standinReport() {
        return LIBRARY.flatMap(library -> library.find("standin_report", Name.class))
                .map(report -> NativeLibrary.text(report.get()))
                .filter(report -> !report.isBlank());
    }

    /// Folder of the kernels that the stand-in driver runs; empty on a real driver.
    static Optional<Path> standinKernels() {
        return LIBRARY.flatMap(library -> library.find("standin_kernels", Name.class))
                .map(folder -> Path.of(NativeLibrary.text(folder.get())));
    }
}

package dev.ridgeline.shard;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandleProxies;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;

/// How much of a file the system's page cache has, and a way to have it forget: `posix_fadvise` and
/// `mincore` of Linux's C library.
public final class PageCache {
    private static final long PAGE = 4096;

    /// Bytes asked about at once.
    private static final long WINDOW = 1L << 30;

    private static final int O_RDONLY = 0;
    private static final int POSIX_FADV_DONTNEED = 4;

    /// `int open(const char *path, int flags, ...)`
    @FunctionalInterface
    public interface Open {
        int call(MemorySegment path, int flags);
    }

    /// `int close(int fd)`
    @FunctionalInterface
    public interface Close {
        int call(int descriptor);
    }

    /// `int posix_fadvise(int fd, off_t offset, off_t len, int advice)`
    @FunctionalInterface
    public interface Advise {
        int call(int descriptor, long from, long bytes, int advice);
    }

    /// `int mincore(void *addr, size_t length, unsigned char *vec)`
    @FunctionalInterface
    public interface InCore {
        int call(MemorySegment from, long bytes, MemorySegment pages);
    }

    /// Made when it is first needed, so that a system without these fails only there.
    private static final class Calls {
        static final Open OPEN =
                bound(
                        "open",
                        Open.class,
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                        Linker.Option.firstVariadicArg(2));
        static final Close CLOSE =
                bound("close", Close.class, FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        static final Advise ADVISE =
                bound(
                        "posix_fadvise",
                        Advise.class,
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final InCore IN_CORE =
                bound(
                        "mincore",
                        InCore.class,
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));

        @SuppressWarnings("restricted") // signatures as in the C library's manual
        private static <T> T bound(
                String name,
                Class<T> type,
                FunctionDescriptor signature,
                Linker.Option... options) {
            var linker = Linker.nativeLinker();
            var symbol = linker.defaultLookup().find(name).orElseThrow();
            return MethodHandleProxies.asInterfaceInstance(
                    type, linker.downcallHandle(symbol, signature, options));
        }
    }

    private PageCache() {}

    /// Why there is no telling warm from cold here.
    public static Optional<String> absence() {
        var lookup = Linker.nativeLinker().defaultLookup();
        return Stream.of("open", "close", "posix_fadvise", "mincore")
                .filter(name -> lookup.find(name).isEmpty())
                .findFirst()
                .map(
                        name ->
                                "this system's C library has no %s, by which warm is told from cold"
                                        .formatted(name));
    }

    /// Has the system forget what it has of a file. What was written and is not on the disk yet
    /// stays.
    ///
    /// @throws InvalidCheckpoint if it cannot
    public static void drop(Path file) {
        try (var arena = Arena.ofConfined()) {
            int descriptor = Calls.OPEN.call(arena.allocateFrom(file.toString()), O_RDONLY);
            if (descriptor < 0)
                throw new InvalidCheckpoint("%s: cannot be opened to be forgotten", file);
            int code = Calls.ADVISE.call(descriptor, 0, 0, POSIX_FADV_DONTNEED);
            if (Calls.CLOSE.call(descriptor) != 0 || code != 0)
                throw new InvalidCheckpoint("%s: posix_fadvise failed with error %d", file, code);
        }
    }

    /// Bytes of the file that are in memory, in whole pages.
    ///
    /// @throws InvalidCheckpoint if the system does not tell
    public static long resident(Path file) {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ);
                var arena = Arena.ofConfined()) {
            long bytes = channel.size();
            if (bytes == 0) return 0;
            var map = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
            var pages = arena.allocate(Math.ceilDiv(Math.min(bytes, WINDOW), PAGE));
            long found = 0;
            for (long at = 0; at < bytes; at += WINDOW)
                found += resident(file, map.asSlice(at, Math.min(WINDOW, bytes - at)), pages);
            return Math.min(bytes, found * PAGE);
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", file, SafetensorsFile.reason(e));
        }
    }

    private static long resident(Path file, MemorySegment part, MemorySegment pages) {
        if (Calls.IN_CORE.call(part, part.byteSize(), pages) != 0)
            throw new InvalidCheckpoint("%s: mincore failed", file);
        long found = 0;
        for (long page = 0; page < Math.ceilDiv(part.byteSize(), PAGE); page++)
            found += pages.get(JAVA_BYTE, page) & 1;
        return found;
    }
}

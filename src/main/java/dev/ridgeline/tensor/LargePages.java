package dev.ridgeline.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandleProxies;
import java.util.Optional;

/// Memory in pages of 2 MiB, where Linux has them to give (`madvise` with `MADV_HUGEPAGE`; see
/// `admin-guide/mm/transhuge` of the kernel's documentation).
///
/// A core keeps the addresses of some 2000 pages: 8 MiB in pages of 4 KiB, 4 GiB in these. What it
/// does not keep it looks up in tables in memory, and in a virtual machine in two of them.
final class LargePages {
    private static final long PAGE = 2L << 20;

    /// Bytes of the smallest page that a processor has.
    private static final long SMALL_PAGE = 4096;

    // as <sys/mman.h> has them for x86-64 and AArch64
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MADV_HUGEPAGE = 14;
    private static final long MAP_FAILED = -1;

    /// `void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)`
    @FunctionalInterface
    public interface Map {
        long call(long address, long bytes, int protection, int flags, int file, long offset);
    }

    /// `int madvise(void *addr, size_t length, int advice)`
    @FunctionalInterface
    public interface Advise {
        int call(long address, long bytes, int advice);
    }

    /// `int munmap(void *addr, size_t length)`
    @FunctionalInterface
    public interface Unmap {
        int call(long address, long bytes);
    }

    private record Calls(Map map, Advise advise, Unmap unmap) {
        static final Optional<Calls> LINUX =
                System.getProperty("os.name").equals("Linux")
                        ? Optional.of(bindAll())
                        : Optional.empty();

        private static Calls bindAll() {
            return new Calls(
                    bind(
                            "mmap",
                            Map.class,
                            FunctionDescriptor.of(
                                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                                    JAVA_LONG)),
                    bind(
                            "madvise",
                            Advise.class,
                            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT)),
                    bind(
                            "munmap",
                            Unmap.class,
                            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG)));
        }

        @SuppressWarnings("restricted") // signatures as in the C library's manual
        private static <T> T bind(String name, Class<T> type, FunctionDescriptor signature) {
            var linker = Linker.nativeLinker();
            var symbol = linker.defaultLookup().findOrThrow(name);
            return MethodHandleProxies.asInterfaceInstance(
                    type, linker.downcallHandle(symbol, signature));
        }
    }

    private LargePages() {}

    /// Zeroed memory that is given back with `arena`, all of it backed; empty where it is too small
    /// to fill a large page, and where the system has no such call or no such memory. Where large
    /// pages are switched off or scarce, it is memory like any other.
    @SuppressWarnings("restricted") // the bytes were mapped here, and are unmapped when it closes
    static Optional<MemorySegment> allocate(long bytes, Arena arena) {
        if (bytes < PAGE || Calls.LINUX.isEmpty()) return Optional.empty();
        var calls = Calls.LINUX.get();
        // so much that it holds the bytes from the start of a large page on
        long mapped = Math.addExact(bytes, PAGE);
        int protection = PROT_READ | PROT_WRITE;
        long address = calls.map.call(0, mapped, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address == MAP_FAILED) return Optional.empty();
        long start = Math.ceilDiv(address, PAGE) * PAGE;
        // refused where the system was built without; that is no failure
        calls.advise.call(start, bytes / PAGE * PAGE, MADV_HUGEPAGE);
        var memory =
                MemorySegment.ofAddress(start)
                        .reinterpret(bytes, arena, _ -> calls.unmap.call(address, mapped));
        // backed now, and not when a kernel that is timed comes by first; it is zero by itself
        for (long at = 0; at < bytes; at += SMALL_PAGE) memory.set(JAVA_BYTE, at, (byte) 0);
        return Optional.of(memory);
    }
}

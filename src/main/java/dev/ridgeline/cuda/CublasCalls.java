package dev.ridgeline.cuda;

import java.lang.foreign.MemorySegment;

/// Signatures of `cublasLt.h`, the same in CUDA 12 and 13; all but [Version] return a
/// `cublasStatus_t`.
final class CublasCalls {
    /// `cublasStatus_t f(handle *)`.
    public interface Create {
        int on(MemorySegment handle);
    }

    public interface Destroy {
        int on(long handle);
    }

    public interface Version {
        long get();
    }

    public interface DescCreate {
        int on(MemorySegment descriptor, int computeType, int scaleType);
    }

    public interface LayoutCreate {
        int on(MemorySegment layout, int type, long rows, long columns, long leading);
    }

    public interface SetAttribute {
        int on(long descriptor, int attribute, MemorySegment value, long bytes);
    }

    public interface Heuristic {
        int on(
                long handle,
                long descriptor,
                long a,
                long b,
                long c,
                long d,
                long preference,
                int wanted,
                MemorySegment results,
                MemorySegment found);
    }

    public interface Matmul {
        int on(
                long handle,
                long descriptor,
                MemorySegment alpha,
                long a,
                long aLayout,
                long b,
                long bLayout,
                MemorySegment beta,
                long c,
                long cLayout,
                long d,
                long dLayout,
                MemorySegment algorithm,
                long workspace,
                long workspaceBytes,
                long stream);
    }

    private CublasCalls() {}
}

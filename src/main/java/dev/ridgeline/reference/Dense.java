package dev.ridgeline.reference;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Float8;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;

/// Tensors as plain arrays of doubles, row-major without gaps: what the references compute with.
public final class Dense {
    private Dense() {}

    /// The elements of a tensor in host memory.
    public static double[] read(Tensor t) {
        return read(t, HostBuffer.segment(t));
    }

    /// The elements of `t`, whose buffer's bytes are in `memory`.
    public static double[] read(Tensor t, MemorySegment memory) {
        double[] out = new double[Math.toIntExact(t.count())];
        int rank = t.shape().rank();
        int inner = t.shape().last();
        int[] index = new int[rank];
        for (int at = 0; at < out.length; at += inner) {
            long from = t.offset();
            for (int axis = 0; axis < rank - 1; axis++) from += index[axis] * t.stride(axis);
            for (int i = 0; i < inner; i++) out[at + i] = element(t.dtype(), memory, from + i);
            for (int axis = rank - 2; axis >= 0 && ++index[axis] == t.dim(axis); axis--)
                index[axis] = 0;
        }
        return out;
    }

    private static double element(DType dtype, MemorySegment memory, long i) {
        return switch (dtype) {
            case F32 -> memory.getAtIndex(JAVA_FLOAT, i);
            case BF16 -> DType.fromBf16(memory.getAtIndex(JAVA_SHORT, i));
            case F16 -> Float.float16ToFloat(memory.getAtIndex(JAVA_SHORT, i));
            case F8_E4M3 -> Float8.E4M3.widen(memory.get(JAVA_BYTE, i));
            case F8_E5M2 -> Float8.E5M2.widen(memory.get(JAVA_BYTE, i));
            case I32 -> memory.getAtIndex(JAVA_INT, i);
        };
    }
}

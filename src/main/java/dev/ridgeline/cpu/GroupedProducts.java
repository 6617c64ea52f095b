package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// [GemmBlocked] for one expert after the other. How many rows an expert has is known only when it
/// is launched, so its product is bound then; that makes small objects and no buffers, which are
/// reserved for the case that all rows come to one expert.
final class GroupedProducts implements Launch {
    private final GroupedGemm op;
    private final Workers workers;
    private final GemmScratch scratch;
    private final MemorySegment offsets;

    GroupedProducts(GroupedGemm op, Workers workers, GemmScratch scratch) {
        this.op = op;
        this.workers = workers;
        this.scratch = scratch;
        this.offsets = HostBuffer.segment(op.offsets());
        product(0, 0, op.rows());
    }

    @Override
    public void on(Stream stream) {
        for (int e = 0; e < op.experts(); e++) {
            int from = offset(e);
            int to = offset(e + 1);
            if (from < to) product(e, from, to).on(stream);
            else if (op.form() == Form.TN && !op.accumulate()) zero(e);
        }
    }

    private int offset(int e) {
        return offsets.getAtIndex(JAVA_INT, op.offsets().offset() + e);
    }

    private Launch product(int e, int from, int to) {
        var a = op.a().slice(0, from, to);
        var b = op.form() == Form.TN ? op.b().slice(0, from, to) : entry(op.b(), e);
        var c = op.form() == Form.TN ? entry(op.c(), e) : op.c().slice(0, from, to);
        var epilogue = op.accumulate() ? Epilogue.ACCUMULATE : Epilogue.NONE;
        return new GemmBlocked(new Gemm(op.form(), a, b, c, epilogue), workers, scratch, false);
    }

    private static Tensor entry(Tensor t, int e) {
        return new Tensor(
                t.dtype(),
                Shape.of(t.dim(1), t.dim(2)),
                List.of(t.stride(1), 1L),
                t.buffer(),
                t.offset() + e * t.stride(0));
    }

    private void zero(int e) {
        var c = entry(op.c(), e);
        long size = c.dtype().bytes();
        HostBuffer.segment(c).asSlice(c.offset() * size, c.bytes()).fill((byte) 0);
    }
}

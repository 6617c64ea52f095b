package dev.ridgeline.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.MemorySegment;

/// A host copy of one of a device's buffers, for small ones that are moved every step.
final class HostTransfer implements AutoCloseable {
    private final Buffer device;
    private final HostBuffer host;

    HostTransfer(Buffer device) {
        this.device = device;
        this.host = HostBuffer.of(device.bytes());
    }

    void upload(int[] values) {
        for (int i = 0; i < values.length; i++) host.segment().setAtIndex(JAVA_INT, i, values[i]);
        device.upload(host.segment());
    }

    void upload(float... values) {
        for (int i = 0; i < values.length; i++) host.segment().setAtIndex(JAVA_FLOAT, i, values[i]);
        device.upload(host.segment());
    }

    /// The first `count` elements as f32.
    float[] download(int count) {
        device.download(host.segment());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = host.segment().getAtIndex(JAVA_FLOAT, i);
        return values;
    }

    static float element(DType dtype, MemorySegment memory, long index) {
        return dtype == DType.F32
                ? memory.getAtIndex(JAVA_FLOAT, index)
                : DType.fromBf16(memory.getAtIndex(JAVA_SHORT, index));
    }

    @Override
    public void close() {
        host.close();
    }
}

package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.tensor.DType;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/// The vector width every CPU kernel uses, and loads and stores that know the element type.
///
/// The fields are static finals, because C2 compiles a species to instructions only where it is a
/// constant.
final class Lanes {
    /// The platform's widest, or what `-Dridgeline.vector.bits=128|256|512` says (tests force
    /// each).
    static final VectorSpecies<Float> F32 = species();

    static final VectorSpecies<Integer> I32 = VectorSpecies.of(int.class, F32.vectorShape());

    /// Half as wide: as many bf16 as there are f32 lanes.
    static final VectorSpecies<Short> BF16 =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F32.vectorBitSize() / 2));

    static final int COUNT = F32.length();

    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private Lanes() {}

    private static VectorSpecies<Float> species() {
        int bits = Integer.getInteger("ridgeline.vector.bits", 0);
        return bits == 0
                ? FloatVector.SPECIES_PREFERRED
                : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    /// `COUNT` elements from element `index` of `memory`, widened to f32.
    static FloatVector load(DType dtype, MemorySegment memory, long index) {
        return dtype == DType.F32 ? loadF32(memory, index) : loadBf16(memory, index);
    }

    static FloatVector loadF32(MemorySegment memory, long index) {
        return FloatVector.fromMemorySegment(F32, memory, index << 2, LE);
    }

    static FloatVector loadBf16(MemorySegment memory, long index) {
        var half = ShortVector.fromMemorySegment(BF16, memory, index << 1, LE);
        var wide = (IntVector) half.convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// Stores `COUNT` elements at element `index`, rounded to nearest even where it narrows.
    static void store(DType dtype, FloatVector value, MemorySegment memory, long index) {
        if (dtype == DType.F32) storeF32(value, memory, index);
        else storeBf16(value, memory, index);
    }

    static void storeF32(FloatVector value, MemorySegment memory, long index) {
        value.intoMemorySegment(memory, index << 2, LE);
    }

    static void storeBf16(FloatVector value, MemorySegment memory, long index) {
        var bits = value.reinterpretAsInts();
        var odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        var rounded = bits.add(odd).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
        var quiet = bits.lanewise(VectorOperators.LSHR, 16).or(0x40);
        var narrow =
                rounded.blend(quiet, value.test(VectorOperators.IS_NAN).cast(I32))
                        .convertShape(VectorOperators.I2S, BF16, 0);
        ((ShortVector) narrow).intoMemorySegment(memory, index << 1, LE);
    }

    /// One element, for tails.
    static float get(DType dtype, MemorySegment memory, long index) {
        return dtype == DType.F32
                ? memory.getAtIndex(JAVA_FLOAT, index)
                : DType.fromBf16(memory.getAtIndex(JAVA_SHORT, index));
    }

    static void set(DType dtype, float value, MemorySegment memory, long index) {
        if (dtype == DType.F32) memory.setAtIndex(JAVA_FLOAT, index, value);
        else memory.setAtIndex(JAVA_SHORT, index, DType.toBf16(value));
    }
}

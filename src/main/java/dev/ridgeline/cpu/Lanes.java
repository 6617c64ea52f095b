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

/// The vector width every CPU kernel uses, and loads and stores that know the element type. A
/// second width in the same process may slow the loops of the first ([GemmTranspose]).
///
/// The fields are static finals, because C2 compiles a species to instructions only where it is a
/// constant. The methods stay under 35 bytes of bytecode (`MaxInlineSize`), because C2 calls a
/// longer one where it was seldom run before, as the bf16 half of a loop that first ran on f32, and
/// a vector that crosses a call is an object on the heap: 20 times slower.
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

    // the bit that makes a NaN quiet, so that none becomes an infinity when its low half is dropped
    private static final int QUIET = 0x400000;

    private static final int UPPER = 0xffff0000;

    /// Class of the segments that arenas allocate.
    private static final Class<?> NATIVE = MemorySegment.NULL.getClass();

    private Lanes() {}

    private static VectorSpecies<Float> species() {
        int bits = Integer.getInteger("ridgeline.vector.bits", 0);
        return bits == 0
                ? FloatVector.SPECIES_PREFERRED
                : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    /// `memory` itself, of which C2 then knows the class.
    ///
    /// `fromMemorySegment` leaves that to profiles, and those have seen heap segments too, from the
    /// JDK's own code for vectors that are not compiled yet. A loop would test the class at every
    /// access, and C2 hoist and unroll nothing.
    static MemorySegment known(MemorySegment memory) {
        if (memory.getClass() != NATIVE)
            throw new IllegalArgumentException("operands are in native memory");
        return memory;
    }

    /// `COUNT` elements from element `index` of `memory`, widened to f32.
    static FloatVector load(DType dtype, MemorySegment memory, long index) {
        return dtype == DType.F32 ? loadF32(memory, index) : loadBf16(memory, index);
    }

    static FloatVector loadF32(MemorySegment memory, long index) {
        return FloatVector.fromMemorySegment(F32, known(memory), index << 2, LE);
    }

    static FloatVector loadBf16(MemorySegment memory, long index) {
        return widen(ShortVector.fromMemorySegment(BF16, known(memory), index << 1, LE));
    }

    private static FloatVector widen(ShortVector half) {
        var wide = (IntVector) half.convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// Stores `COUNT` elements at element `index`, rounded to nearest even where it narrows.
    static void store(DType dtype, FloatVector value, MemorySegment memory, long index) {
        if (dtype == DType.F32) storeF32(value, memory, index);
        else storeBf16(value, memory, index);
    }

    static void storeF32(FloatVector value, MemorySegment memory, long index) {
        value.intoMemorySegment(known(memory), index << 2, LE);
    }

    static void storeBf16(FloatVector value, MemorySegment memory, long index) {
        narrow(rounded(value)).intoMemorySegment(known(memory), index << 1, LE);
    }

    private static ShortVector narrow(IntVector upper) {
        var low = upper.lanewise(VectorOperators.LSHR, 16);
        return (ShortVector) low.convertShape(VectorOperators.I2S, BF16, 0);
    }

    /// Bits of `value` whose upper halves are the nearest bf16; the lower ones are left over.
    private static IntVector rounded(FloatVector value) {
        var bits = value.reinterpretAsInts();
        var nan = value.compare(VectorOperators.NE, value).cast(I32);
        return nearest(bits).blend(bits.or(QUIET), nan);
    }

    private static IntVector nearest(IntVector bits) {
        var odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        return bits.add(odd).add(0x7fff);
    }

    /// `2 · COUNT` bf16 from element `index` on, two to an int, for [#even] and [#odd]. Loops that
    /// do not care for the order of elements take them like this: no instruction crosses lanes, and
    /// half the time of [#loadBf16] and [#storeBf16].
    static IntVector loadPairs(MemorySegment memory, long index) {
        return IntVector.fromMemorySegment(I32, known(memory), index << 1, LE);
    }

    /// The elements with even numbers, which are the lower halves.
    static FloatVector even(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector odd(IntVector pairs) {
        return pairs.and(UPPER).reinterpretAsFloats();
    }

    static void storePairs(FloatVector even, FloatVector odd, MemorySegment memory, long index) {
        join(rounded(even), rounded(odd)).intoMemorySegment(known(memory), index << 1, LE);
    }

    private static IntVector join(IntVector even, IntVector odd) {
        return even.lanewise(VectorOperators.LSHR, 16).or(odd.and(UPPER));
    }

    /// The sum of `COUNT` lanes, which are overwritten. Always in the same order, unlike
    /// `reduceLanes`, which adds in one order before it is compiled and in another after.
    static float sum(float[] lanes) {
        for (int half = COUNT / 2; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
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

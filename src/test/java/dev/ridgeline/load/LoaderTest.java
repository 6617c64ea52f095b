package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.load.Loader.Options;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.StoredTensor;
import dev.ridgeline.shard.StoredType;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Optional;

class LoaderTest {
    @TempDir Path folder;
    private final CpuDevice device = new CpuDevice("cpu", 1, 1L << 30);

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @CsvSource({
        "BUFFERED, true",
        "BUFFERED, false",
        "MAPPED, true",
        "MAPPED, false",
        "DIRECT, true",
        "DIRECT, false"
    })
    void every_tensor_arrives(Access access, boolean inPlace) {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            assertThat(checkpoint.files()).hasSizeGreaterThan(2);
            assertThat(plan.fileBytes()).isEqualTo(checkpoint.bytes());
            try (var target = Target.on(device, plan)) {
                var report = Samples.load(plan, target, access, inPlace);
                assertThat(report.bytes()).isEqualTo(checkpoint.bytes());
                assertThat(report.inPlace() > 0).isEqualTo(inPlace);
                var read = report.stages().getFirst();
                assertThat(read.name()).isEqualTo("read");
                assertThat(read.bytes()).isEqualTo(checkpoint.bytes());
                long copied =
                        report.stages().stream()
                                .filter(s -> s.name().equals("copy"))
                                .mapToLong(LoadReport.Stage::bytes)
                                .sum();
                assertThat(copied + report.inPlace()).isEqualTo(checkpoint.bytes());
                var arrival = Arrival.check(plan, target);
                assertThat(arrival.whole()).isTrue();
                assertThat(arrival.bytes()).isEqualTo(checkpoint.bytes());
                requireSame(checkpoint, plan, target);
            }
        }
        assertThat(device.allocated()).isZero();
    }

    /// Every tensor has the same place in its extent as in its file.
    private static void requireSame(Checkpoint checkpoint, LoadPlan plan, Target target) {
        for (var extent : plan.extents()) {
            var file = plan.files().get(extent.file());
            var run = extent.runs().getFirst();
            for (var tensor : file.header().tensors().values())
                if (tensor.offset() >= run.from()
                        && tensor.offset() + tensor.bytes() <= run.from() + run.length())
                    assertThat(
                                    Samples.device(
                                            target,
                                            extent.at() + tensor.offset() - run.from(),
                                            tensor.bytes()))
                            .as(tensor.name())
                            .isEqualTo(Samples.bytes(checkpoint, tensor));
        }
    }

    @Test
    void a_byte_that_did_not_arrive_is_found() {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            try (var target = Target.on(device, plan)) {
                Samples.load(plan, target, Access.BUFFERED, true);
                var last = plan.extents().getLast();
                var memory = target.host().orElseThrow();
                long at = last.at() + last.bytes() - 1;
                memory.set(
                        ValueLayout.JAVA_BYTE,
                        at,
                        (byte) (memory.get(ValueLayout.JAVA_BYTE, at) ^ 1));
                assertThat(Arrival.check(plan, target).whole()).isFalse();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = StoredType.class,
            names = {"BF16", "F32"})
    void cast_on_the_way(StoredType to) {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.of(to));
            try (var target = Target.on(device, plan)) {
                var report = Samples.load(plan, target, Access.BUFFERED, true);
                assertThat(report.stages()).extracting(LoadReport.Stage::name).contains("cast");
                assertThat(Arrival.check(plan, target).whole()).isTrue();
                var half = extent(plan, "half");
                assertThat(half.target()).isEqualTo(to);
                var tensor = checkpoint.find("half").orElseThrow().tensor();
                var source = MemorySegment.ofArray(Samples.bytes(checkpoint, tensor));
                var expected = MemorySegment.ofArray(new byte[(int) half.landing()]);
                for (long i = 0; i < tensor.count(); i++) {
                    float value =
                            Float.float16ToFloat(
                                    source.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
                    if (to == StoredType.F32)
                        expected.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
                    else
                        expected.setAtIndex(
                                ValueLayout.JAVA_SHORT_UNALIGNED, i, DType.toBf16(value));
                }
                assertThat(Samples.device(target, half.at(), half.landing()))
                        .isEqualTo(expected.toArray(ValueLayout.JAVA_BYTE));
                // what is no floating point stays as it is
                var odd = extent(plan, "odd");
                assertThat(odd.cast()).isFalse();
            }
        }
    }

    private static Extent extent(LoadPlan plan, String name) {
        for (var extent : plan.extents()) {
            StoredTensor tensor = plan.files().get(extent.file()).header().tensors().get(name);
            if (tensor != null && extent.runs().getFirst().from() == tensor.offset()) return extent;
        }
        throw new AssertionError(name);
    }

    /// Each rank loads a share, and fetches the rest from the others.
    @ParameterizedTest
    @CsvSource({"2, false", "3, true", "5, false"})
    void shares_are_gathered_from_peers(int ranks, boolean cast) {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan =
                    LoadPlan.whole(
                            checkpoint, cast ? Optional.of(StoredType.BF16) : Optional.empty());
            var targets = new ArrayList<Target>();
            long read = 0;
            for (int rank = 0; rank < ranks; rank++) {
                targets.add(Target.on(device, plan));
                var share = plan.share(rank, ranks);
                var report = Samples.load(share, targets.getLast(), Access.BUFFERED, true);
                read += report.bytes();
            }
            assertThat(read).as("no byte is read twice").isEqualTo(checkpoint.bytes());
            assertThat(Arrival.check(plan, targets.getFirst()).whole()).isFalse();
            var stage = Gathering.all(plan, targets);
            assertThat(stage.bytes()).isEqualTo(plan.bytes() * (ranks - 1));
            for (var target : targets) assertThat(Arrival.check(plan, target).whole()).isTrue();
            targets.forEach(Target::close);
        }
    }

    @Test
    void a_file_that_changes_while_it_is_loaded() throws IOException {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            try (var target = Target.on(device, plan)) {
                var file = checkpoint.files().get(1).path();
                Files.setLastModifiedTime(file, FileTime.fromMillis(1));
                assertThatThrownBy(
                                () -> Samples.loader(Access.BUFFERED, 2, true).load(plan, target))
                        .isInstanceOf(InvalidCheckpoint.class)
                        .hasMessageContaining(file + ": was changed while it was read");
                try (var raf = new RandomAccessFile(file.toFile(), "rw")) {
                    raf.setLength(1000);
                }
                assertThatThrownBy(
                                () -> Samples.loader(Access.BUFFERED, 2, true).load(plan, target))
                        .hasMessageContaining(file + ": became shorter while it was read");
            }
        }
    }

    @Test
    void a_device_that_is_too_small() {
        try (var checkpoint = Samples.mixed(folder);
                var small = new CpuDevice("cpu", 1, 1 << 20)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            assertThatThrownBy(() -> Target.on(small, plan)).isInstanceOf(OutOfDeviceMemory.class);
        }
    }

    @Test
    void options_that_make_no_sense() {
        assertThatThrownBy(() -> new Options(Access.BUFFERED, 1, 1000, 1, true))
                .hasMessageContaining("a block of 1,000 bytes is not a multiple of 64 KiB");
    }
}

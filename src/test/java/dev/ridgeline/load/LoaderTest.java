package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.load.Loader.Options;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Presets;
import dev.ridgeline.placement.Layout;
import dev.ridgeline.placement.Placement;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

class LoaderTest {
    private static final long BLOCK = 1 << 16;

    @TempDir Path folder;
    private final CpuDevice device = new CpuDevice("cpu", 1, 1L << 30);

    @AfterEach
    void close() {
        device.close();
    }

    private static Loader loader(Access access, int readers, boolean inPlace) {
        return new Loader(new Options(access, readers, BLOCK, 2, inPlace));
    }

    private LoadReport load(LoadPlan plan, Target target, Access access, boolean inPlace) {
        try {
            return loader(access, 3, inPlace).load(plan, target);
        } catch (InvalidCheckpoint e) {
            assumeTrue(access != Access.DIRECT, e.getMessage());
            throw e;
        }
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
                var report = load(plan, target, access, inPlace);
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
                load(plan, target, Access.BUFFERED, true);
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
                var report = load(plan, target, Access.BUFFERED, true);
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
                var report = load(share, targets.getLast(), Access.BUFFERED, true);
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

    /// Every rank of a placement reads its bytes alone, and together they are the tensors.
    @ParameterizedTest
    @CsvSource({
        "llama-tiny, 8, 2, 2, 3, BUFFERED", "llama-tiny, 4, 4, 1, 3, DIRECT",
        "gpt2-tiny, 6, 3, 1, 3, MAPPED", "gpt2-tiny, 3, 3, 1, 0, BUFFERED",
        "moe-tiny, 7, 1, 1, 3, DIRECT", "moe-tiny, 4, 2, 2, 1, BUFFERED"
    })
    void ranks_put_the_tensors_together(
            String model, int devices, int tensor, int stages, int zero, Access access) {
        var config = Presets.of(model);
        int size = config.stored().bytes();
        write(config);
        try (var checkpoint = Checkpoint.open(folder)) {
            var placement = Placement.of(config, new Layout(devices, tensor, stages, zero));
            var found = new HashMap<String, byte[]>();
            Parameters.of(config)
                    .all()
                    .forEach(p -> found.put(p.name(), new byte[(int) p.count() * size]));
            for (int rank = 0; rank < devices; rank++) {
                var plan = LoadPlan.of(checkpoint, placement, rank);
                long own = placement.pieces(rank).stream().mapToLong(p -> p.runs().total()).sum();
                try (var target = Target.on(device, plan)) {
                    var report = load(plan, target, access, true);
                    assertThat(report.bytes()).isEqualTo(own * size);
                    assertThat(plan.bytes()).isEqualTo(placement.kept(rank) * size);
                    for (var piece : placement.pieces(rank)) {
                        var runs = piece.runs();
                        byte[] bytes =
                                Samples.device(target, piece.at() * size, runs.total() * size);
                        int length = (int) runs.length() * size;
                        for (int i = 0; i < runs.count(); i++)
                            System.arraycopy(
                                    bytes,
                                    i * length,
                                    found.get(piece.tensor()),
                                    (int) (runs.from() + i * runs.stride()) * size,
                                    length);
                    }
                }
            }
            found.forEach(
                    (name, bytes) ->
                            assertThat(bytes)
                                    .as(name)
                                    .isEqualTo(
                                            Samples.bytes(
                                                    checkpoint,
                                                    checkpoint.find(name).orElseThrow().tensor())));
        }
    }

    private void write(Config config) {
        var type = StoredType.valueOf(config.stored().name());
        Samples.write(
                folder,
                Parameters.of(config)
                        .all()
                        .map(
                                p ->
                                        new Planned(
                                                p.name(),
                                                type,
                                                p.shape().dims().stream()
                                                        .map(Integer::longValue)
                                                        .toList()))
                        .toList(),
                100_000);
    }

    @Test
    void a_checkpoint_of_another_model() {
        write(Presets.of("llama-tiny"));
        try (var checkpoint = Checkpoint.open(folder)) {
            var gpt2 = Placement.of(Presets.of("gpt2-tiny"), new Layout(1, 1, 1, 3));
            assertThatThrownBy(() -> LoadPlan.of(checkpoint, gpt2, 0))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining("has no tensor 'transformer.wte.weight'");
            var tied =
                    Placement.of(
                            Config.llama(
                                    300,
                                    64,
                                    2,
                                    64,
                                    4,
                                    2,
                                    96,
                                    Presets.of("llama-tiny").rotary().orElseThrow()),
                            new Layout(1, 1, 1, 3));
            assertThatThrownBy(() -> LoadPlan.of(checkpoint, tied, 0))
                    .hasMessageContaining(
                            "tensor 'model.embed_tokens.weight' is BF16 (256, 64), which is not");
        }
    }

    @Test
    void a_file_that_changes_while_it_is_loaded() throws IOException {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            try (var target = Target.on(device, plan)) {
                var file = checkpoint.files().get(1).path();
                Files.setLastModifiedTime(file, FileTime.fromMillis(1));
                assertThatThrownBy(() -> loader(Access.BUFFERED, 2, true).load(plan, target))
                        .isInstanceOf(InvalidCheckpoint.class)
                        .hasMessageContaining(file + ": was changed while it was read");
                try (var raf = new RandomAccessFile(file.toFile(), "rw")) {
                    raf.setLength(1000);
                }
                assertThatThrownBy(() -> loader(Access.BUFFERED, 2, true).load(plan, target))
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

    /// Host memory is the ring and a little more, however much is loaded. The file is sparse.
    @ParameterizedTest
    @CsvSource({"BUFFERED, true", "BUFFERED, false", "DIRECT, false", "MAPPED, false"})
    void host_memory_does_not_grow_with_the_checkpoint(Access access, boolean inPlace)
            throws IOException {
        long size = 400L << 20;
        sparse(folder.resolve(Checkpoint.SINGLE), size);
        try (var checkpoint = Checkpoint.open(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            try (var target = Target.on(device, plan)) {
                // the device's memory is the host's here: it is touched before, and not counted
                target.host().orElseThrow().fill((byte) 1);
                var loader = new Loader(new Options(access, 2, 1 << 20, 2, inPlace));
                load(plan, target, access, inPlace);
                try (var memory = new HostMemory()) {
                    loader.load(plan, target);
                    assumeTrue(memory.growth().isPresent(), "this system does not tell");
                    assertThat(memory.growth().getAsLong())
                            .isLessThan(loader.ringBytes(plan) + (64L << 20));
                }
            }
        }
    }

    private static void sparse(Path file, long size) throws IOException {
        var json =
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                        .formatted(size, size)
                        .getBytes(StandardCharsets.UTF_8);
        try (var raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.write(
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .array());
            raf.write(json);
            raf.setLength(8 + json.length + size);
        }
    }

    @Test
    void what_is_loaded_is_counted() {
        // a test of the test above: memory that is kept is seen
        try (var memory = new HostMemory();
                var arena = Arena.ofConfined()) {
            arena.allocate(80L << 20, 64).fill((byte) 1);
            assumeTrue(HostMemory.now().isPresent(), "this system does not tell");
            waitFor(memory);
            assertThat(memory.growth().getAsLong()).isGreaterThan(64L << 20);
        }
    }

    private static void waitFor(HostMemory memory) {
        for (int i = 0; i < 500 && memory.growth().orElse(0) < 80L << 20; i++)
            LockSupport.parkNanos(10_000_000);
    }

    @Test
    void synthetic_checkpoints() {
        var to = folder.resolve("made");
        Synthetic.write(to, Presets.of("llama-tiny"), 100_000, 60_000);
        try (var checkpoint = Checkpoint.open(to)) {
            assertThat(checkpoint.bytes()).isBetween(100_000L, 200_000L);
            assertThat(checkpoint.files()).hasSizeGreaterThan(1);
            var first = checkpoint.find("model.embed_tokens.weight").orElseThrow().tensor();
            var bytes = MemorySegment.ofArray(Samples.bytes(checkpoint, first));
            for (long i = 0; i < first.count(); i++) {
                float value = DType.fromBf16(bytes.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
                if (!Float.isFinite(value)) throw new AssertionError(i + ": " + value);
            }
        }
        assertThatThrownBy(() -> Synthetic.write(to, Presets.of("llama-tiny"), 1, 1))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining("has files already");
        assertThatThrownBy(
                        () ->
                                Synthetic.write(
                                        folder.resolve("other"),
                                        Presets.of("llama-tiny"),
                                        1 << 30,
                                        1))
                .hasMessageContaining("name a larger one with --model");
    }

    @Test
    void options_that_make_no_sense() {
        assertThatThrownBy(() -> new Options(Access.BUFFERED, 1, 1000, 1, true))
                .hasMessageContaining("a block of 1,000 bytes is not a multiple of 64 KiB");
    }
}

package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGeneratorFactory;

/// Whatever the bytes of a header or an index are, they are read or refused in one sentence, with
/// memory in proportion to their number.
///
/// `-Dridgeline.fuzz.inputs=10000000 -Dridgeline.fuzz.seed=7` makes it a long run.
class HeaderFuzzTest {
    private static final Path FILE = Path.of("x");

    /// Of the reader's own buffers, and of a refusal with its stack trace, in bytes.
    private static final long BUFFERS = 128 << 10;

    /// For one of input, at most: the shape `[1,1,1,` keeps a reference for each two bytes, in a
    /// list that grew, and is shown in a message.
    private static final long FACTOR = 64;

    private static final long STUCK_SECONDS = 120;

    private final AtomicLong done = new AtomicLong();
    private final AtomicReference<byte[]> current = new AtomicReference<>(new byte[0]);
    private final AtomicBoolean ended = new AtomicBoolean();
    private long read;
    private long refused;

    @Test
    void a_header_is_read_or_refused() throws InterruptedException {
        long inputs = Long.getLong("ridgeline.fuzz.inputs", 50_000);
        long seed = Long.getLong("ridgeline.fuzz.seed", 1);
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var mutations = new Mutations(random);
        var watch = Thread.ofPlatform().daemon().start(this::watch);
        for (long i = 0; i < inputs; i++) {
            boolean index = random.nextInt(8) == 0;
            byte[] json = index ? mutations.index() : mutations.header();
            // the length says what the file has, or anything
            long bytes =
                    8L + json.length + (random.nextInt(4) == 0 ? random.nextInt(64) : data(json));
            long length = random.nextInt(64) == 0 ? random.nextLong() : json.length;
            long allocated = attempt(json, index, bytes, length);
            // the first input that comes somewhere has its classes loaded: it gets a second chance
            if (allocated > BUFFERS + FACTOR * json.length)
                allocated = attempt(json, index, bytes, length);
            if (allocated > BUFFERS + FACTOR * json.length)
                throw new AssertionError(
                        "input %s of %,d bytes made it allocate %,d: %s"
                                .formatted(done, json.length, allocated, hex(json)));
            done.incrementAndGet();
        }
        ended.set(true);
        watch.interrupt();
        watch.join();
        // a fuzzer that never gets past the first check, or never fails one, tests nothing
        assertThat(read).as("inputs that were read").isGreaterThan(inputs / 10);
        assertThat(refused).as("inputs that were refused").isGreaterThan(inputs / 10);
        System.out.printf(
                "fuzzed %,d inputs of seed %d: %,d read, %,d refused%n",
                inputs, seed, read, refused);
    }

    /// The last offset a header names, so that many headers fit their file.
    private static long data(byte[] json) {
        int end = json.length - 1;
        while (end > 0 && json[end] != ']') end--;
        long value = 0;
        long place = 1;
        for (int i = end - 1; i > 0 && json[i] >= '0' && json[i] <= '9' && place < 1 << 30; i--) {
            value += place * (json[i] - '0');
            place *= 10;
        }
        return value;
    }

    /// @return bytes it allocated
    private long attempt(byte[] json, boolean index, long bytes, long length) {
        current.set(json);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            if (index) ShardIndex.parse(FILE, ByteBuffer.wrap(json));
            else {
                var first = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
                Header.length(FILE, bytes, first.putLong(0, length));
                check(Header.parse(FILE, ByteBuffer.wrap(json), bytes), json.length, bytes);
            }
            read++;
        } catch (InvalidCheckpoint e) {
            refused++;
            if (!e.getMessage().startsWith("x: ") || e.getMessage().contains("\n"))
                throw new AssertionError("of " + hex(json) + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            throw new AssertionError("input " + done + " " + hex(json), e);
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    /// What was read lies in the file, without gaps.
    private static void check(Header header, int json, long bytes) {
        long at = 8L + json;
        for (var tensor : header.tensors().values()) {
            if (tensor.offset() != at
                    || tensor.count() * tensor.type().bits() != 8 * tensor.bytes())
                throw new AssertionError("misplaced: " + tensor);
            at += tensor.bytes();
        }
        if (at != bytes) throw new AssertionError("ends at %d of %d".formatted(at, bytes));
    }

    /// Ends a process that is stuck, with the input that did it. It counts its own seconds, so that
    /// a process that was stopped is not taken for stuck.
    private void watch() {
        try {
            long seen = -1;
            for (int seconds = 0; !ended.get(); seconds++) {
                if (done.get() != seen) seconds = 0;
                seen = done.get();
                if (seconds > STUCK_SECONDS) {
                    System.err.println("stuck at input " + done + " " + hex(current.get()));
                    Runtime.getRuntime().halt(1);
                }
                Thread.sleep(1000);
            }
        } catch (InterruptedException _) {
            // all inputs are done
        }
    }

    private static String hex(byte[] json) {
        return HexFormat.of().formatHex(json);
    }
}

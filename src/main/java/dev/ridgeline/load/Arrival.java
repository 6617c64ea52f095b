package dev.ridgeline.load;

import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.FileBytes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.zip.CRC32C;

/// What is in a device's memory after a load beside what the files say: CRC-32C (RFC 3720) of both,
/// block by block in the order of the plan.
///
/// @param bytes compared, on the device
public record Arrival(long bytes, long files, long device) {
    private static final long BLOCK = 8L << 20;

    public boolean whole() {
        return files == device;
    }

    /// Reads the files again.
    public static Arrival check(LoadPlan plan, Target target) {
        var ofFiles = new CRC32C();
        var ofDevice = new CRC32C();
        var open = new ArrayList<FileBytes>();
        long bytes = 0;
        try (var arena = Arena.ofShared();
                var link = target.device().link()) {
            for (var file : plan.files()) open.add(FileBytes.open(file.path(), Access.BUFFERED));
            var expected = arena.allocate(BLOCK);
            var cast = arena.allocate(2 * BLOCK);
            var found = link.memory(2 * BLOCK);
            var blocks = new Blocks(plan, BLOCK);
            for (var next = blocks.next(); next.isPresent(); next = blocks.next()) {
                var block = next.get();
                var from = read(open.get(block.file()), block, expected);
                if (block.cast()) {
                    Cast.run(block.type(), from, block.target(), cast.asSlice(0, block.landing()));
                    from = cast.asSlice(0, block.landing());
                }
                var to = found.asSlice(0, block.landing());
                link.store(to, target.buffer(), target.shift() + block.at()).on(link.out());
                link.out().synchronize();
                ofFiles.update(from.asByteBuffer());
                ofDevice.update(to.asByteBuffer());
                bytes += block.landing();
            }
        } finally {
            open.forEach(FileBytes::close);
        }
        return new Arrival(bytes, ofFiles.getValue(), ofDevice.getValue());
    }

    private static MemorySegment read(FileBytes file, Extent block, MemorySegment to) {
        long at = 0;
        for (var run : block.runs())
            for (long i = 0; i < run.count(); i++, at += run.length())
                file.read(
                        run.from() + i * run.stride(), run.length(), to.asSlice(at, run.length()));
        return to.asSlice(0, at);
    }
}

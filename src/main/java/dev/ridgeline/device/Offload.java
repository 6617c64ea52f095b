package dev.ridgeline.device;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Where the memory beyond a device is.
public sealed interface Offload {
    /// The host's memory.
    record Host() implements Offload {}

    /// Files of a folder, seen as memory; they have no name and are gone with the link.
    record Folder(Path path) implements Offload {
        private static final int PIECE = 1 << 22;

        /// Memory of zeros, which has its place on the disk: no later write can find it full.
        ///
        /// @throws OffloadFailure if the folder has no room for it, or takes no files
        public MemorySegment memory(long bytes, Arena arena) {
            try {
                if (!Files.isDirectory(path)) throw new NotDirectoryException(path.toString());
                var file = Files.createTempFile(path, "ridgeline-", ".offload");
                try (var channel =
                        FileChannel.open(
                                file,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE,
                                StandardOpenOption.DELETE_ON_CLOSE)) {
                    long free = Files.getFileStore(path).getUsableSpace();
                    if (bytes > free)
                        throw new OffloadFailure(
                                "%s: %,d bytes do not fit, the disk has %,d free",
                                path, bytes, free);
                    var zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, PIECE));
                    for (long at = 0; at < bytes; at += zeros.limit()) {
                        zeros.clear().limit((int) Math.min(PIECE, bytes - at));
                        while (zeros.hasRemaining()) channel.write(zeros);
                    }
                    return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
                }
            } catch (NotDirectoryException e) {
                throw new OffloadFailure("%s: there is no such folder", path);
            } catch (IOException e) {
                throw new OffloadFailure(
                        "%s: takes no file of %,d bytes: %s", path, bytes, e.getMessage());
            }
        }
    }
}

package dev.ridgeline.train;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.ZipFile;

/// Text as bytes, in a part to learn from and a part to be judged by.
///
/// Of a folder or a zip about every twentieth file, chosen by its name, is for validation; of a
/// single file its last twentieth.
///
/// @param files that were taken
/// @param fingerprint of every byte, in order
public record Corpus(byte[] train, byte[] validation, int files, long fingerprint) {
    private static final int PARTS = 20;

    /// A file with a zero byte in its first so many bytes is not text.
    private static final int LOOKED_AT = 8192;

    /// A text in parts, as they are found.
    private static final class Reader {
        private final long most;
        private final ByteArrayOutputStream train = new ByteArrayOutputStream();
        private final ByteArrayOutputStream validation = new ByteArrayOutputStream();
        private int files;

        Reader(long most) {
            this.most = most;
        }

        boolean full() {
            return train.size() + validation.size() >= most;
        }

        void add(String name, InputStream in) throws IOException {
            byte[] bytes =
                    in.readNBytes((int) Math.min(most - train.size() - validation.size(), 1 << 30));
            if (!text(bytes)) return;
            var name32 = new CRC32();
            name32.update(name.getBytes(StandardCharsets.UTF_8));
            (name32.getValue() % PARTS == 0 ? validation : train).writeBytes(bytes);
            files++;
        }

        private static boolean text(byte[] bytes) {
            for (int i = 0; i < Math.min(bytes.length, LOOKED_AT); i++)
                if (bytes[i] == 0) return false;
            return bytes.length > 0;
        }

        Corpus corpus(Path path, int sequence) {
            byte[] learn = train.toByteArray();
            byte[] judge = validation.toByteArray();
            if (files < 2 || judge.length == 0 || learn.length == 0) {
                byte[] all = new byte[learn.length + judge.length];
                System.arraycopy(learn, 0, all, 0, learn.length);
                System.arraycopy(judge, 0, all, learn.length, judge.length);
                int cut = all.length - all.length / PARTS;
                learn = Arrays.copyOfRange(all, 0, cut);
                judge = Arrays.copyOfRange(all, cut, all.length);
            }
            int least = 2 * (sequence + 2);
            if (judge.length < least || learn.length < least)
                throw new InvalidText(
                        "%s: %,d bytes of text are too few for sequences of %d: %,d are needed",
                        path, learn.length + judge.length, sequence, (long) least * PARTS);
            var crc = new CRC32C();
            crc.update(learn);
            crc.update(judge);
            return new Corpus(learn, judge, files, crc.getValue() << 32 | learn.length);
        }
    }

    /// @param path a file, a folder, or a zip
    /// @param most bytes that are taken; what comes after is left out
    /// @param sequence length that both parts must have windows of
    /// @throws InvalidText if there is no text, or too little
    public static Corpus read(Path path, long most, int sequence) {
        var reader = new Reader(Math.min(most, 1 << 30));
        try {
            if (Files.isDirectory(path)) folder(path, reader);
            else if (zip(path)) zip(path, reader);
            else
                try (var in = Files.newInputStream(path)) {
                    reader.add(path.getFileName().toString(), in);
                }
        } catch (NoSuchFileException e) {
            throw new InvalidText("%s: no such file", path);
        } catch (IOException e) {
            throw new InvalidText("%s: cannot be read: %s", path, e.getMessage());
        }
        if (reader.files == 0) throw new InvalidText("%s: there is no text in it", path);
        return reader.corpus(path, sequence);
    }

    private static boolean zip(Path path) throws IOException {
        try (var in = Files.newInputStream(path)) {
            byte[] first = in.readNBytes(4);
            return first.length == 4 && first[0] == 'P' && first[1] == 'K' && first[2] == 3;
        }
    }

    private static void folder(Path path, Reader reader) throws IOException {
        try (var walk = Files.walk(path)) {
            for (var file : (Iterable<Path>) walk.filter(Files::isRegularFile).sorted()::iterator) {
                if (reader.full()) return;
                try (var in = Files.newInputStream(file)) {
                    reader.add(path.relativize(file).toString(), in);
                }
            }
        }
    }

    private static void zip(Path path, Reader reader) throws IOException {
        try (var zip = new ZipFile(path.toFile())) {
            for (var entry : Collections.list(zip.entries())) {
                if (reader.full()) return;
                if (entry.isDirectory()) continue;
                try (var in = zip.getInputStream(entry)) {
                    reader.add(entry.getName(), in);
                }
            }
        }
    }
}

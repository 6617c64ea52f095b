package dev.ridgeline.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

class TextTest {
    @TempDir Path folder;

    @Test
    void a_file_is_cut_near_its_end() throws IOException {
        var file = Files.writeString(folder.resolve("a.txt"), "0123456789".repeat(100));
        var corpus = Corpus.read(file, Long.MAX_VALUE, 16);
        assertThat(corpus.train()).hasSize(950);
        assertThat(corpus.validation()).hasSize(50);
        assertThat(Corpus.read(file, 500, 8).train()).hasSize(475);
    }

    @Test
    void folder_and_zip_give_the_same_files_and_leave_binaries_out() throws IOException {
        var tree = Files.createDirectories(folder.resolve("tree/sub"));
        try (var zip = new ZipOutputStream(Files.newOutputStream(folder.resolve("a.zip")))) {
            for (int i = 100; i < 160; i++) {
                var text = ("file " + i + "\n").repeat(20).getBytes(StandardCharsets.UTF_8);
                Files.write(tree.resolve(i + ".txt"), text);
                zip.putNextEntry(new ZipEntry("sub/" + i + ".txt"));
                zip.write(text);
            }
            Files.write(tree.resolve("binary"), new byte[3000]);
            zip.putNextEntry(new ZipEntry("sub/binary"));
            zip.write(new byte[3000]);
        }
        var fromTree = Corpus.read(folder.resolve("tree"), Long.MAX_VALUE, 16);
        var fromZip = Corpus.read(folder.resolve("a.zip"), Long.MAX_VALUE, 16);
        assertThat(fromTree.files()).isEqualTo(60);
        assertThat(fromZip.fingerprint()).isEqualTo(fromTree.fingerprint());
        assertThat(fromTree.train().length + fromTree.validation().length).isEqualTo(60 * 180);
    }

    @Test
    void no_text_is_one_sentence() throws IOException {
        var none = folder.resolve("none");
        assertThatThrownBy(() -> Corpus.read(none, 100, 8)).hasMessage(none + ": no such file");
        var empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> Corpus.read(empty, 100, 8))
                .hasMessageContaining("there is no text");
        var small = Files.writeString(folder.resolve("small"), "too little");
        assertThatThrownBy(() -> Corpus.read(small, 100, 8))
                .isInstanceOf(InvalidText.class)
                .hasMessageContaining("too few for sequences of 8");
    }

    @Test
    void trigram_probabilities_sum_to_one() {
        var trigram = new Trigram("abracadabra".getBytes(StandardCharsets.UTF_8));
        for (var context : new String[] {"ab", "zz", "bz", "ra"}) {
            double sum = 0;
            for (int c = 0; c < 256; c++)
                sum += trigram.probability(context.charAt(0), context.charAt(1), c);
            assertThat(sum).isCloseTo(1, within(1e-12));
        }
        // "ab" was followed twice by r; after b too; of 11 bytes 2 are r, and 5 differ
        double one = (2 + 5.0 / 256) / (11 + 5);
        double two = (2 + one) / (2 + 1);
        assertThat(trigram.probability('a', 'b', 'r'))
                .isCloseTo((2 + two) / (2 + 1), within(1e-12));
    }

    @Test
    void windows_depend_on_seed_step_and_row() {
        byte[] text = new byte[1000];
        for (int i = 0; i < text.length; i++) text[i] = (byte) i;
        var windows = new Windows(text, 8);
        var batch = windows.random(1, 5, 3);
        assertThat(windows.random(1, 5, 3).in()).isEqualTo(batch.in());
        assertThat(windows.random(1, 6, 3).in()).isNotEqualTo(batch.in());
        assertThat(windows.random(2, 5, 3).in()).isNotEqualTo(batch.in());
        for (int i = 0; i < batch.in().length; i++)
            assertThat(batch.out()[i]).isEqualTo(batch.in()[i] + 1 & 0xff);
    }

    @Test
    void the_rate_goes_up_and_down() {
        var schedule = new Schedule(2, 0.1, 0.1);
        assertThat(schedule.rate(0)).isCloseTo(0.02, within(1e-12));
        assertThat(schedule.rate(0.05)).isCloseTo(1, within(1e-12));
        assertThat(schedule.rate(0.1)).isCloseTo(2, within(1e-12));
        assertThat(schedule.rate(0.55)).isCloseTo(1.1, within(1e-12));
        assertThat(schedule.rate(1)).isCloseTo(0.2, within(1e-12));
    }
}

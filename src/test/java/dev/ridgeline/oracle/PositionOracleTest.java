package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Optional;

class PositionOracleTest {
    private static final int VOCAB = 5;
    private static final int ROWS = 11;
    private static final int COLS = 6;
    private static final int T = 4;

    /// `rotate_half` of public Llama code.
    private static final String ROPE =
            """
            x, frequencies = inputs
            t = torch.arange(%1$d, %1$d + torch.size(x, 2), dtype=7)
            angles = torch.outer(t, frequencies)
            angle = torch.cat([angles, angles], 1)
            source = x
            if %2$s:
              source = torch.zeros_like(x)
              self.track([source])
            left, right = torch.chunk(source, 2, -1)
            turned = torch.cat([torch.neg(right), left], -1)
            y = source * torch.cos(angle) + turned * torch.sin(angle)
            """;

    @ParameterizedTest
    @CsvSource({"F32, 0", "BF16, 0", "F32, 1000"})
    void rope(DType dtype, int firstPosition) {
        Oracle.agree(
                Rope.class,
                o ->
                        new Rope(
                                o.uniform(dtype, 2, 3, 7, 10),
                                o.uniform(F32, 0.0, 1.0, 5),
                                o.output(dtype, 2, 3, 7, 10),
                                firstPosition,
                                false),
                ROPE.formatted(firstPosition, "False") + "return [y]",
                op -> List.of(op.x(), op.frequencies()),
                Oracle.DOUBLE);
    }

    @Test
    void inverse_rope_is_the_gradient() {
        Oracle.agree(
                Rope.class,
                o ->
                        new Rope(
                                o.uniform(F32, 2, 3, 7, 10),
                                o.uniform(F32, 0.0, 1.0, 5),
                                o.output(F32, 2, 3, 7, 10),
                                3,
                                true),
                ROPE.formatted(3, "True") + "return self.gradients(y, x, [source])",
                op -> List.of(op.x(), op.frequencies()),
                Oracle.DOUBLE);
    }

    @Test
    void rope_of_heads_inside_a_projection() {
        Oracle.agree(
                Rope.class,
                o ->
                        new Rope(
                                o.uniform(F32, 2, 7, 3, 10).swap(1, 2),
                                o.uniform(F32, 0.0, 1.0, 5),
                                o.output(F32, 2, 7, 3, 10).swap(1, 2),
                                0,
                                false),
                ROPE.formatted(0, "False") + "return [y]",
                op -> List.of(op.x(), op.frequencies()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void embedding(DType dtype) {
        Oracle.agree(
                Embedding.class,
                o ->
                        new Embedding(
                                o.integers(0, VOCAB, ROWS),
                                o.uniform(dtype, VOCAB, COLS),
                                Optional.empty(),
                                o.output(dtype, ROWS, COLS)),
                "tokens, table = inputs\nreturn [torch.embedding(table, tokens)]",
                op -> List.of(op.tokens(), op.table()),
                0);
    }

    @Test
    void embedding_with_positions() {
        Oracle.agree(
                Embedding.class,
                o ->
                        new Embedding(
                                o.integers(0, VOCAB, ROWS),
                                o.uniform(F32, VOCAB, COLS),
                                Optional.of(o.uniform(F32, T, COLS)),
                                o.output(F32, ROWS, COLS)),
                """
                tokens, table, positions = inputs
                at = torch.remainder(torch.arange(%d), %d)
                return [torch.embedding(table, tokens) + torch.embedding(positions, at)]
                """
                        .formatted(ROWS, T),
                op -> List.of(op.tokens(), op.table(), op.positions().orElseThrow()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void embedding_backward(DType dtype) {
        Oracle.agree(
                EmbeddingBackward.class,
                o ->
                        new EmbeddingBackward(
                                o.integers(0, VOCAB, ROWS),
                                o.uniform(dtype, ROWS, COLS),
                                o.uniform(F32, VOCAB, COLS),
                                Optional.of(o.uniform(F32, T, COLS))),
                """
                tokens, dy, dtable, dpositions = inputs
                table = torch.zeros_like(dtable)
                positions = torch.zeros_like(dpositions)
                self.track([table, positions])
                at = torch.remainder(torch.arange(%d), %d)
                y = torch.embedding(table, tokens) + torch.embedding(positions, at)
                gt, gp = self.gradients(y, dy, [table, positions])
                return [dtable + gt, dpositions + gp]
                """
                        .formatted(ROWS, T),
                op -> List.of(op.tokens(), op.dy(), op.dtable(), op.dpositions().orElseThrow()),
                Oracle.DOUBLE);
    }

    @Test
    void embedding_backward_without_positions() {
        Oracle.agree(
                EmbeddingBackward.class,
                o ->
                        new EmbeddingBackward(
                                o.integers(0, VOCAB, ROWS),
                                o.uniform(F32, ROWS, COLS),
                                o.uniform(F32, VOCAB, COLS),
                                Optional.empty()),
                """
                tokens, dy, dtable = inputs
                table = torch.zeros_like(dtable)
                self.track([table])
                return [dtable + self.gradients(torch.embedding(table, tokens), dy, [table])[0]]
                """,
                op -> List.of(op.tokens(), op.dy(), op.dtable()),
                Oracle.DOUBLE);
    }
}

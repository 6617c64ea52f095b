package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.BF16;
import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Optional;

class GemmOracleTest {
    private static final int M = 5;
    private static final int N = 7;
    private static final int K = 11;

    /// The product as PyTorch writes it, for operands as [Gemm]'s table lays them out.
    private static String product(Form form) {
        return switch (form) {
            case NT -> "torch.matmul(a, torch.transpose(b, -2, -1))";
            case NN -> "torch.matmul(a, b)";
            case TN -> "torch.matmul(torch.transpose(a, -2, -1), b)";
        };
    }

    private static int[] a(Form form) {
        return form.transposesA() ? new int[] {K, M} : new int[] {M, K};
    }

    private static int[] b(Form form) {
        return form.transposesB() ? new int[] {N, K} : new int[] {K, N};
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void product_in_each_form(Form form) {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                form,
                                o.uniform(F32, a(form)),
                                o.uniform(F32, b(form)),
                                o.output(F32, M, N)),
                "a, b = inputs\nreturn [%s]".formatted(product(form)),
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void batch_of_products(Form form) {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                form,
                                o.uniform(BF16, 3, a(form)[0], a(form)[1]),
                                o.uniform(BF16, 3, b(form)[0], b(form)[1]),
                                o.output(F32, 3, M, N)),
                "a, b = inputs\nreturn [%s]".formatted(product(form)),
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void product_added_to_what_is_there(Form form) {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                form,
                                o.uniform(F32, a(form)),
                                o.uniform(F32, b(form)),
                                o.uniform(F32, M, N),
                                Epilogue.ACCUMULATE),
                "a, b, c = inputs\nreturn [c + %s]".formatted(product(form)),
                op -> List.of(op.a(), op.b(), op.c()),
                Oracle.DOUBLE);
    }

    /// One gradient of a linear layer is an NN product, the other an accumulating TN.
    @Test
    void gradients_of_a_linear_layer() {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.NN,
                                o.uniform(F32, M, N),
                                o.uniform(F32, N, K),
                                o.output(F32, M, K)),
                """
                dy, w = inputs
                x = torch.zeros([%d, %d], dtype=7)
                self.track([x])
                return self.gradients(torch.linear(x, w), dy, [x])
                """
                        .formatted(M, K),
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.TN,
                                o.uniform(F32, M, N),
                                o.uniform(F32, M, K),
                                o.uniform(F32, N, K),
                                Epilogue.ACCUMULATE),
                """
                dy, x, dw = inputs
                w = torch.zeros([%d, %d], dtype=7)
                self.track([w])
                return [dw + self.gradients(torch.linear(x, w), dy, [w])[0]]
                """
                        .formatted(N, K),
                op -> List.of(op.a(), op.b(), op.c()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void bias(DType dtype) {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.NT,
                                o.uniform(dtype, M, K),
                                o.uniform(dtype, N, K),
                                o.output(dtype, M, N),
                                Epilogue.bias(o.uniform(F32, N))),
                "a, b, bias = inputs\nreturn [torch.linear(a, b, bias)]",
                op -> List.of(op.a(), op.b(), op.epilogue().bias().orElseThrow()),
                Oracle.DOUBLE);
    }

    @Test
    void bias_and_gelu_with_the_preactivation_kept() {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.NT,
                                o.uniform(F32, M, K),
                                o.uniform(F32, N, K),
                                o.output(F32, M, N),
                                Epilogue.biasGelu(o.uniform(F32, N), o.output(F32, M, N))),
                """
                a, b, bias = inputs
                pre = torch.linear(a, b, bias)
                return [torch.gelu(pre, approximate="tanh"), pre]
                """,
                op -> List.of(op.a(), op.b(), op.epilogue().bias().orElseThrow()),
                Oracle.DOUBLE);
    }

    @Test
    void gelu_without_bias() {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.NT,
                                o.uniform(F32, M, K),
                                o.uniform(F32, N, K),
                                o.output(F32, M, N),
                                new Epilogue(
                                        Optional.empty(),
                                        Activation.GELU,
                                        Optional.empty(),
                                        false)),
                "a, b = inputs\nreturn [torch.gelu(torch.linear(a, b), approximate=\"tanh\")]",
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    @Test
    void rows_with_gaps() {
        Oracle.agree(
                Gemm.class,
                o ->
                        new Gemm(
                                Form.NT,
                                o.uniform(F32, M, 3 * K).slice(1, K, 2 * K),
                                o.uniform(F32, N, 2 * K).slice(1, 0, K),
                                o.output(F32, M, N)),
                "a, b = inputs\nreturn [torch.linear(a, b)]",
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }
}

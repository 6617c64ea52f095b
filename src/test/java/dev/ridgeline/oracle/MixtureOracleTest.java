package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;
import static dev.ridgeline.tensor.DType.I32;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;

class MixtureOracleTest {
    private static final int ROWS = 11;
    private static final int EXPERTS = 5;
    private static final int ACTIVE = 2;
    private static final int COLS = 7;

    private static Router router(Operands o) {
        return new Router(
                o.uniform(F32, -4.0, 4.0, ROWS, EXPERTS),
                o.output(F32, ROWS, EXPERTS),
                o.output(F32, ROWS, ACTIVE),
                o.output(I32, ROWS, ACTIVE),
                o.output(I32, ROWS, ACTIVE),
                o.output(I32, ROWS * ACTIVE),
                o.output(I32, EXPERTS + 1));
    }

    @Test
    void router() {
        Oracle.agree(
                Router.class,
                MixtureOracleTest::router,
                """
                p = torch.softmax(inputs[0], 1)
                chosen, experts = torch.topk(p, 2, 1, True, True)
                gates = chosen / torch.sum(chosen, [1], True)
                flat = torch.reshape(experts, [-1])
                order = torch.argsort(flat, stable=True, dim=0)
                places = torch.reshape(torch.argsort(order, stable=True, dim=0), [-1, 2])
                sources = torch.floor_divide(order, 2)
                counts = torch.bincount(flat, None, 5)
                offsets = torch.cat([torch.zeros([1], dtype=4), torch.cumsum(counts, 0)], 0)
                found = [p, gates, experts, places, sources, offsets]
                result = annotate(List[Tensor], [])
                for i in range(6):
                  torch.append(result, torch.to(found[i], 7))
                return result
                """,
                op -> List.of(op.logits()),
                Oracle.DOUBLE);
    }

    /// The gates and the load-balance loss, differentiated together.
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5})
    void router_backward(double balance) {
        Oracle.agree(
                RouterBackward.class,
                o -> {
                    var results = o.resultsOf(MixtureOracleTest::router);
                    return new RouterBackward(
                            results.get(0),
                            results.get(1),
                            results.get(2),
                            results.get(5),
                            o.uniform(F32, ROWS, ACTIVE),
                            o.output(F32, ROWS, EXPERTS),
                            balance);
                },
                """
                x = torch.log(inputs[0])
                dgates = inputs[1]
                self.track([x])
                p = torch.softmax(x, 1)
                chosen, experts = torch.topk(p, 2, 1, True, True)
                gates = chosen / torch.sum(chosen, [1], True)
                counts = torch.to(torch.bincount(torch.reshape(experts, [-1]), None, 5), 7)
                load = torch.sum(counts / 11.0 * torch.mean(p, [0])) * 5.0 * %s
                return self.gradients(torch.sum(gates * dgates) + load, torch.ones([], dtype=7), [x])
                """
                        .formatted(balance),
                // logits up to a constant, which softmax does not see
                op -> List.of(op.probabilities(), op.dgates()),
                Oracle.SAVED_AS_F32);
    }

    private static Tensor offsets(Operands o) {
        int[] at = {0, 3, 3, 4, 9, ROWS};
        return o.computed(I32, i -> at[(int) i], EXPERTS + 1);
    }

    @ParameterizedTest
    @EnumSource
    void grouped_gemm(Form form) {
        var script =
                switch (form) {
                    case NT -> "torch.matmul(part, torch.transpose(b[e], 0, 1))";
                    case NN -> "torch.matmul(part, b[e])";
                    case TN -> "torch.matmul(torch.transpose(part, 0, 1), other)";
                };
        Oracle.agree(
                GroupedGemm.class,
                o ->
                        new GroupedGemm(
                                form,
                                o.uniform(F32, ROWS, COLS),
                                switch (form) {
                                    case NT -> o.uniform(F32, EXPERTS, 3, COLS);
                                    case NN -> o.uniform(F32, EXPERTS, COLS, 3);
                                    case TN -> o.uniform(F32, ROWS, 3);
                                },
                                offsets(o),
                                form == Form.TN
                                        ? o.output(F32, EXPERTS, COLS, 3)
                                        : o.output(F32, ROWS, 3),
                                false),
                """
                a, b = inputs
                at = [0, 3, 3, 4, 9, 11]
                parts = annotate(List[Tensor], [])
                for e in range(5):
                  part = torch.slice(a, 0, at[e], at[e + 1])
                  %s
                  torch.append(parts, %s)
                return [%s]
                """
                        .formatted(
                                form == Form.TN
                                        ? "other = torch.slice(b, 0, at[e], at[e + 1])"
                                        : "other = a",
                                script.replace("b[e]", "torch.select(b, 0, e)"),
                                form == Form.TN ? "torch.stack(parts, 0)" : "torch.cat(parts, 0)"),
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    private static Tensor places(Operands o) {
        int pairs = ROWS * ACTIVE;
        return o.computed(I32, i -> (i * 5 + 3) % pairs, ROWS, ACTIVE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void combine(boolean gated) {
        Oracle.agree(
                Combine.class,
                o ->
                        new Combine(
                                o.uniform(F32, ROWS * ACTIVE, COLS),
                                gated
                                        ? Optional.of(o.uniform(F32, ROWS, ACTIVE))
                                        : Optional.empty(),
                                places(o),
                                o.output(F32, ROWS, COLS)),
                """
                y = inputs[0]
                places = inputs[1]
                found = torch.reshape(torch.index_select(y, 0, torch.reshape(places, [-1])), [11, 2, 7])
                return [torch.sum(found * %s, [1])]
                """
                        .formatted(gated ? "torch.unsqueeze(inputs[2], 2)" : "1.0"),
                op ->
                        op.gates()
                                .map(g -> List.of(op.y(), op.places(), g))
                                .orElse(List.of(op.y(), op.places())),
                Oracle.DOUBLE);
    }

    @Test
    void combine_backward() {
        Oracle.agree(
                CombineBackward.class,
                o ->
                        new CombineBackward(
                                o.uniform(F32, ROWS * ACTIVE, COLS),
                                o.uniform(F32, ROWS, ACTIVE),
                                places(o),
                                o.uniform(F32, ROWS, COLS),
                                o.output(F32, ROWS * ACTIVE, COLS),
                                o.output(F32, ROWS, ACTIVE)),
                """
                y, gates, places, dout = inputs
                self.track([y, gates])
                found = torch.reshape(torch.index_select(y, 0, torch.reshape(places, [-1])), [11, 2, 7])
                out = torch.sum(found * torch.unsqueeze(gates, 2), [1])
                return self.gradients(out, dout, [y, gates])
                """,
                op -> List.of(op.y(), op.gates(), op.places(), op.dout()),
                Oracle.DOUBLE);
    }
}

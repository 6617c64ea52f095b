package dev.ridgeline.model;

import dev.ridgeline.tensor.Shape;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Every parameter of a model and where it lies.
///
/// A group is what is used at one time: the embeddings, one layer, the head. Weights, gradients and
/// moments of a group have the same layout, so that an optimizer may treat a group as one run of
/// elements. Units begin at multiples of [#ALIGNMENT] elements; what decays comes first.
public final class Parameters {
    /// Elements. 256 bytes of f32 and a cache line of bf16, which is what vector and bulk loads of
    /// every device ask for.
    public static final int ALIGNMENT = 64;

    /// What kernels see as one tensor.
    ///
    /// @param shape of all parts together
    /// @param parts as the checkpoint has them, one after the other without gaps
    /// @param offset in its group, in elements
    public record Unit(Role role, Shape shape, List<Parameter> parts, long offset) {
        public boolean decays() {
            return parts.getFirst().decays();
        }
    }

    /// @param name `embeddings`, `layer 3`, `head`
    /// @param elements of its units and the gaps that align them
    /// @param decayed elements before this one belong to units that decay
    public record Group(String name, List<Unit> units, long elements, long decayed) {
        public Optional<Unit> unit(Role role) {
            return units.stream().filter(u -> u.role() == role).findFirst();
        }
    }

    private final Config config;
    private final List<Group> groups;

    private Parameters(Config config) {
        this.config = config;
        var all = new ArrayList<Group>();
        all.add(embeddings());
        for (int layer = 0; layer < config.layers(); layer++) all.add(layer(layer));
        all.add(head());
        groups = List.copyOf(all);
    }

    public static Parameters of(Config config) {
        return new Parameters(config);
    }

    /// Embeddings, layers in order, head.
    public List<Group> groups() {
        return groups;
    }

    public Group embeddingGroup() {
        return groups.getFirst();
    }

    public Group layerGroup(int layer) {
        return groups.get(layer + 1);
    }

    public Group headGroup() {
        return groups.getLast();
    }

    /// Every parameter, in the order of the groups.
    public Stream<Parameter> all() {
        return groups.stream().flatMap(g -> g.units().stream()).flatMap(u -> u.parts().stream());
    }

    /// Number of parameters; a tied head is none.
    public long count() {
        return all().mapToLong(Parameter::count).reduce(0, Math::addExact);
    }

    /// Parameters that one token meets.
    public long active() {
        if (config.experts().isEmpty()) return count();
        var experts = config.experts().get();
        long inExperts =
                groups.stream()
                        .flatMap(g -> g.units().stream())
                        .filter(u -> u.role() == Role.EXPERTS_UP || u.role() == Role.EXPERTS_DOWN)
                        .mapToLong(u -> u.shape().count())
                        .sum();
        return count() - inExperts / experts.count() * (experts.count() - experts.active());
    }

    /// Bytes of a public checkpoint's tensors.
    public long storedBytes() {
        return Math.multiplyExact(count(), config.stored().bytes());
    }

    private Group embeddings() {
        var b = new Builder();
        if (config.family() == Family.GPT2) {
            b.matrix(Role.TOKENS, "transformer.wte.weight", config.vocabulary(), config.width());
            b.matrix(Role.POSITIONS, "transformer.wpe.weight", config.positions(), config.width());
        } else {
            b.matrix(Role.TOKENS, "model.embed_tokens.weight", config.vocabulary(), config.width());
        }
        return b.group("embeddings");
    }

    private Group head() {
        var b = new Builder();
        if (config.family() == Family.GPT2) {
            b.vector(Role.FINAL_NORM, "transformer.ln_f.weight", config.width());
            b.vector(Role.FINAL_NORM_BIAS, "transformer.ln_f.bias", config.width());
        } else {
            b.vector(Role.FINAL_NORM, "model.norm.weight", config.width());
        }
        if (!config.tied())
            b.matrix(Role.HEAD, "lm_head.weight", config.vocabulary(), config.width());
        return b.group("head");
    }

    private Group layer(int number) {
        var b = new Builder();
        if (config.family() == Family.GPT2) gpt2(b, "transformer.h." + number + ".");
        else llama(b, "model.layers." + number + ".");
        return b.group("layer " + number);
    }

    private void gpt2(Builder b, String at) {
        int width = config.width();
        b.vector(Role.NORM_1, at + "ln_1.weight", width);
        b.vector(Role.NORM_1_BIAS, at + "ln_1.bias", width);
        b.matrix(Role.QKV, at + "attn.c_attn.weight", width, 3 * width);
        b.vector(Role.QKV_BIAS, at + "attn.c_attn.bias", 3 * width);
        b.matrix(Role.OUT, at + "attn.c_proj.weight", width, width);
        b.vector(Role.OUT_BIAS, at + "attn.c_proj.bias", width);
        b.vector(Role.NORM_2, at + "ln_2.weight", width);
        b.vector(Role.NORM_2_BIAS, at + "ln_2.bias", width);
        b.matrix(Role.UP, at + "mlp.c_fc.weight", width, config.hidden());
        b.vector(Role.UP_BIAS, at + "mlp.c_fc.bias", config.hidden());
        b.matrix(Role.DOWN, at + "mlp.c_proj.weight", config.hidden(), width);
        b.vector(Role.DOWN_BIAS, at + "mlp.c_proj.bias", width);
    }

    private void llama(Builder b, String at) {
        int width = config.width();
        int queries = config.heads() * config.headDim();
        int keys = config.keyHeads() * config.headDim();
        var attention = at + "self_attn.";
        b.vector(Role.NORM_1, at + "input_layernorm.weight", width);
        b.unit(
                Role.QKV,
                Shape.of(config.qkvWidth(), width),
                matrix(attention + "q_proj.weight", queries, width),
                matrix(attention + "k_proj.weight", keys, width),
                matrix(attention + "v_proj.weight", keys, width));
        if (config.qkvBias())
            b.unit(
                    Role.QKV_BIAS,
                    Shape.of(config.qkvWidth()),
                    vector(attention + "q_proj.bias", queries),
                    vector(attention + "k_proj.bias", keys),
                    vector(attention + "v_proj.bias", keys));
        b.matrix(Role.OUT, attention + "o_proj.weight", width, queries);
        if (config.outBias()) b.vector(Role.OUT_BIAS, attention + "o_proj.bias", width);
        b.vector(Role.NORM_2, at + "post_attention_layernorm.weight", width);
        if (config.experts().isPresent()) experts(b, at, config.experts().get());
        else feedForward(b, at + "mlp.");
    }

    private void feedForward(Builder b, String at) {
        int width = config.width();
        int hidden = config.hidden();
        b.unit(
                Role.UP,
                Shape.of(2 * hidden, width),
                matrix(at + "gate_proj.weight", hidden, width),
                matrix(at + "up_proj.weight", hidden, width));
        b.matrix(Role.DOWN, at + "down_proj.weight", width, hidden);
    }

    private void experts(Builder b, String layer, Experts experts) {
        var at = layer + "block_sparse_moe.";
        int width = config.width();
        int hidden = config.hidden();
        int count = experts.count();
        var up = Shape.of(count, 2 * hidden, width);
        var down = Shape.of(count, width, hidden);
        if (experts.stacked()) {
            b.matrix(Role.ROUTER, at + "router.layer.weight", count, width);
            b.unit(Role.EXPERTS_UP, up, new Parameter(at + "input_linear.weight", up, true));
            b.unit(Role.EXPERTS_DOWN, down, new Parameter(at + "output_linear.weight", down, true));
            return;
        }
        b.matrix(Role.ROUTER, at + "gate.weight", count, width);
        var ups = new ArrayList<Parameter>();
        var downs = new ArrayList<Parameter>();
        for (int e = 0; e < count; e++) {
            ups.add(matrix(at + "experts." + e + ".w1.weight", hidden, width));
            ups.add(matrix(at + "experts." + e + ".w3.weight", hidden, width));
            downs.add(matrix(at + "experts." + e + ".w2.weight", width, hidden));
        }
        b.unit(Role.EXPERTS_UP, up, ups.toArray(Parameter[]::new));
        b.unit(Role.EXPERTS_DOWN, down, downs.toArray(Parameter[]::new));
    }

    private static Parameter matrix(String name, int rows, int cols) {
        return new Parameter(name, Shape.of(rows, cols), true);
    }

    private static Parameter vector(String name, int count) {
        return new Parameter(name, Shape.of(count), false);
    }

    private static final class Builder {
        private final List<Unit> units = new ArrayList<>();

        void matrix(Role role, String name, int rows, int cols) {
            unit(role, Shape.of(rows, cols), Parameters.matrix(name, rows, cols));
        }

        void vector(Role role, String name, int count) {
            unit(role, Shape.of(count), Parameters.vector(name, count));
        }

        void unit(Role role, Shape shape, Parameter... parts) {
            units.add(new Unit(role, shape, List.of(parts), 0));
        }

        Group group(String name) {
            var placed = new ArrayList<Unit>();
            long at = 0;
            for (var unit : units) if (unit.decays()) at = place(placed, unit, at);
            long decayed = at;
            for (var unit : units) if (!unit.decays()) at = place(placed, unit, at);
            return new Group(name, List.copyOf(placed), at, decayed);
        }

        private static long place(List<Unit> placed, Unit unit, long at) {
            placed.add(new Unit(unit.role(), unit.shape(), unit.parts(), at));
            return Math.ceilDiv(at + unit.shape().count(), ALIGNMENT) * ALIGNMENT;
        }
    }
}

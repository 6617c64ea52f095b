package dev.ridgeline.model;

import java.util.Optional;

/// The shape of a decoder-only transformer.
///
/// @param architecture its name in public checkpoints: `LlamaForCausalLM`
/// @param positions longest sequence it is made for
/// @param width of the residual stream
/// @param keyHeads heads of keys and values; divides `heads`
/// @param hidden width of the feed-forward, or of one expert
/// @param eps of the norms
/// @param rotary empty where positions are learned
/// @param qkvBias whether queries, keys and values have a bias
/// @param outBias whether the attention's output has one
/// @param tied whether the head's weight is the table of embeddings
public record Config(
        Family family,
        String architecture,
        int vocabulary,
        int positions,
        int layers,
        int width,
        int heads,
        int keyHeads,
        int headDim,
        int hidden,
        double eps,
        Optional<Rotary> rotary,
        boolean qkvBias,
        boolean outBias,
        boolean tied,
        Optional<Experts> experts,
        Multipliers multipliers,
        Stored stored) {
    public Config {
        positive("vocabulary", vocabulary);
        positive("positions", positions);
        positive("layers", layers);
        positive("width", width);
        positive("heads", heads);
        positive("key heads", keyHeads);
        positive("head dim", headDim);
        positive("hidden", hidden);
        if (!(eps > 0)) throw new InvalidModel("the norms' epsilon is %s, must be positive", eps);
        if (heads % keyHeads != 0)
            throw new InvalidModel("%d key heads do not divide %d heads", keyHeads, heads);
        if (headDim % 8 != 0) throw new InvalidModel("head dim %d is not a multiple of 8", headDim);
        if (width % 8 != 0) throw new InvalidModel("width %d is not a multiple of 8", width);
        if (family == Family.GPT2 && heads * headDim != width)
            throw new InvalidModel("%d heads of %d are not the width %d", heads, headDim, width);
    }

    private static void positive(String what, int value) {
        if (value < 1) throw new InvalidModel("%s is %d, must be at least 1", what, value);
    }

    /// Of OpenAI's GPT-2 family.
    public static Config gpt2(int vocabulary, int positions, int layers, int width, int heads) {
        if (heads < 1 || width % heads != 0)
            throw new InvalidModel("%d heads do not divide the width %d", heads, width);
        return new Config(
                Family.GPT2,
                "GPT2LMHeadModel",
                vocabulary,
                positions,
                layers,
                width,
                heads,
                heads,
                width / heads,
                4 * width,
                1e-5,
                Optional.empty(),
                true,
                true,
                true,
                Optional.empty(),
                Multipliers.NONE,
                Stored.F32);
    }

    /// Of Meta's Llama family, untied.
    public static Config llama(
            int vocabulary,
            int positions,
            int layers,
            int width,
            int heads,
            int keyHeads,
            int hidden,
            Rotary rotary) {
        if (heads < 1 || width % heads != 0)
            throw new InvalidModel("%d heads do not divide the width %d", heads, width);
        return new Config(
                Family.LLAMA,
                "LlamaForCausalLM",
                vocabulary,
                positions,
                layers,
                width,
                heads,
                keyHeads,
                width / heads,
                hidden,
                1e-5,
                Optional.of(rotary),
                false,
                false,
                false,
                Optional.empty(),
                Multipliers.NONE,
                Stored.BF16);
    }

    /// The same with its head tied to the embeddings.
    public Config withTiedHead() {
        return new Config(
                family,
                architecture,
                vocabulary,
                positions,
                layers,
                width,
                heads,
                keyHeads,
                headDim,
                hidden,
                eps,
                rotary,
                qkvBias,
                outBias,
                true,
                experts,
                multipliers,
                stored);
    }

    /// The same with experts, each as wide as the feed-forward was.
    public Config withExperts(int count, int active, double balance) {
        return new Config(
                family,
                "MixtralForCausalLM",
                vocabulary,
                positions,
                layers,
                width,
                heads,
                keyHeads,
                headDim,
                hidden,
                eps,
                rotary,
                qkvBias,
                outBias,
                tied,
                Optional.of(new Experts(count, active, false, balance)),
                multipliers,
                stored);
    }

    /// Columns of queries, keys and values together.
    public int qkvWidth() {
        return (heads + 2 * keyHeads) * headDim;
    }

    /// What scores are multiplied with.
    public double attentionScale() {
        return multipliers.attention().orElse(1 / Math.sqrt(headDim));
    }

    /// Flops of the model per token of a training step, 6N + 12·L·A·T halved where attention is
    /// causal, A its width: PaLM's appendix B (arXiv 2204.02311), as llm.c counts it too. N is the
    /// parameters a token meets, those of inactive experts not among them.
    public double flopsPerToken(int sequence) {
        return 6.0 * Parameters.of(this).active()
                + 6.0 * layers * heads * headDim * (double) sequence;
    }
}

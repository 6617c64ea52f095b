package dev.ridgeline.placement;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.Experts;
import dev.ridgeline.model.Family;
import dev.ridgeline.model.Parameters.Unit;
import dev.ridgeline.model.Role;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// What of each tensor a rank of a tensor-parallel group has: Megatron's scheme (arXiv 1909.08053,
/// section 3), in which a layer needs one sum over the ranks after its attention and one after its
/// feed-forward.
///
/// | role | split by |
/// |---|---|
/// | tokens, head | the vocabulary |
/// | queries, keys, values and their biases | heads |
/// | attention's output | its inputs, which are heads |
/// | up, gate and up's bias; experts' too | the hidden width |
/// | down; experts' too | its inputs, the hidden width |
/// | norms, positions, router, biases that follow a sum | nothing: on every rank |
///
/// A matrix is stored (out, in), GPT-2's as (in, out): outputs are the rows of one and the columns
/// of the other.
public final class TensorSplit {
    private final Config config;
    private final int ranks;

    /// @param ranks of the group
    public TensorSplit(Config config, int ranks) {
        this.config = config;
        this.ranks = ranks;
    }

    /// Why the model cannot be split over so many ranks.
    public static Optional<String> refusal(Config config, int ranks) {
        if (config.heads() % ranks != 0)
            return Optional.of(
                    "%d heads cannot be split over %d ranks".formatted(config.heads(), ranks));
        int keys = config.keyHeads();
        if (keys % ranks != 0 && ranks % keys != 0)
            return Optional.of("%d key heads cannot be split over %d ranks".formatted(keys, ranks));
        if (config.hidden() % ranks != 0)
            return Optional.of(
                    "a hidden width of %d cannot be split over %d ranks"
                            .formatted(config.hidden(), ranks));
        return Optional.empty();
    }

    /// Ranks that have the same keys and values, because there are more ranks than key heads.
    public int keyCopies() {
        return Math.max(1, ranks / config.keyHeads());
    }

    /// The rank's elements of each part of a unit, part by part.
    public List<List<Runs>> of(Unit unit, int rank) {
        var parts = unit.parts();
        return IntStream.range(0, parts.size()).mapToObj(i -> part(unit, i, rank)).toList();
    }

    private List<Runs> part(Unit unit, int index, int rank) {
        var parameter = unit.parts().get(index);
        long count = parameter.count();
        if (ranks == 1 || whole(unit.role())) return List.of(Runs.one(0, count));
        return switch (unit.role()) {
            case TOKENS, HEAD -> vocabulary(rank);
            case QKV -> qkv(index, config.width(), rank);
            case QKV_BIAS -> qkv(index, 1, rank);
            case OUT -> inputs(config.width(), (long) config.heads() * config.headDim(), rank);
            case UP -> outputs(config.width(), rank);
            case UP_BIAS -> List.of(Runs.rows(1, hidden(rank), hidden(rank + 1)));
            case DOWN -> inputs(config.width(), config.hidden(), rank);
            case EXPERTS_UP ->
                    experts().stacked() ? stackedUp(rank) : outputs(config.width(), rank);
            case EXPERTS_DOWN ->
                    experts().stacked()
                            ? List.of(
                                    Runs.columns(
                                            (long) experts().count() * config.width(),
                                            config.hidden(),
                                            hidden(rank),
                                            hidden(rank + 1)))
                            : inputs(config.width(), config.hidden(), rank);
            default -> throw new IllegalStateException("whole: " + unit.role());
        };
    }

    private Experts experts() {
        return config.experts().orElseThrow();
    }

    private long hidden(int rank) {
        return (long) config.hidden() / ranks * rank;
    }

    /// The last rank's rows are fewer where the vocabulary does not divide: Megatron pads it.
    private List<Runs> vocabulary(int rank) {
        long rows = config.vocabulary();
        long each = Math.ceilDiv(rows, ranks);
        long from = Math.min(rows, each * rank);
        return List.of(Runs.rows(config.width(), from, Math.min(rows, from + each)));
    }

    /// @param inputs of the product; 1 for a bias
    private List<Runs> qkv(int index, int inputs, int rank) {
        long queries = (long) config.heads() * config.headDim();
        long keys = (long) config.keyHeads() * config.headDim();
        long query = queries / ranks * rank;
        long queryEnd = queries / ranks * (rank + 1);
        long keyHeads = Math.max(1, config.keyHeads() / ranks);
        long key = (long) rank * config.keyHeads() / ranks * config.headDim();
        long keyEnd = key + keyHeads * config.headDim();
        if (config.family() == Family.LLAMA)
            return List.of(
                    index == 0
                            ? Runs.rows(inputs, query, queryEnd)
                            : Runs.rows(inputs, key, keyEnd));
        long all = queries + 2 * keys;
        return List.of(
                Runs.columns(inputs, all, query, queryEnd),
                Runs.columns(inputs, all, queries + key, queries + keyEnd),
                Runs.columns(inputs, all, queries + keys + key, queries + keys + keyEnd));
    }

    /// The hidden width is what comes out.
    private List<Runs> outputs(long in, int rank) {
        return List.of(
                config.family() == Family.LLAMA
                        ? Runs.rows(in, hidden(rank), hidden(rank + 1))
                        : Runs.columns(in, config.hidden(), hidden(rank), hidden(rank + 1)));
    }

    private List<Runs> inputs(long out, long in, int rank) {
        long from = in / ranks * rank;
        long to = in / ranks * (rank + 1);
        return List.of(
                config.family() == Family.LLAMA
                        ? Runs.columns(out, in, from, to)
                        : Runs.rows(out, from, to));
    }

    /// (experts, 2 hidden, width): a part of the gates and the same part of the ups of each.
    private List<Runs> stackedUp(int rank) {
        long width = config.width();
        long expert = 2L * config.hidden() * width;
        long length = (hidden(rank + 1) - hidden(rank)) * width;
        long gate = hidden(rank) * width;
        long up = (config.hidden() + hidden(rank)) * width;
        return List.of(
                new Runs(gate, length, expert, experts().count()),
                new Runs(up, length, expert, experts().count()));
    }

    /// Whether each rank has a role whole.
    static boolean whole(Role role) {
        return switch (role) {
            case NORM_1,
                    NORM_1_BIAS,
                    NORM_2,
                    NORM_2_BIAS,
                    FINAL_NORM,
                    FINAL_NORM_BIAS,
                    POSITIONS,
                    ROUTER,
                    OUT_BIAS,
                    DOWN_BIAS ->
                    true;
            case TOKENS, HEAD, QKV, QKV_BIAS, OUT, UP, UP_BIAS, DOWN, EXPERTS_UP, EXPERTS_DOWN ->
                    false;
        };
    }
}

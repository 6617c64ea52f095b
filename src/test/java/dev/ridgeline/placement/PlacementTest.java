package dev.ridgeline.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.Experts;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Presets;
import dev.ridgeline.model.Role;
import dev.ridgeline.model.Rotary;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

class PlacementTest {
    /// Experts in one tensor, as Granite has them, or in three each.
    private static Config config(String name) {
        if (name.equals("stacked-tiny")) {
            var moe = Presets.of("moe-tiny");
            return new Config(
                    moe.family(),
                    "GraniteMoeForCausalLM",
                    moe.vocabulary(),
                    moe.positions(),
                    moe.layers(),
                    moe.width(),
                    moe.heads(),
                    moe.keyHeads(),
                    moe.headDim(),
                    moe.hidden(),
                    moe.eps(),
                    moe.rotary(),
                    true,
                    true,
                    true,
                    Optional.of(new Experts(4, 2, true, 0)),
                    moe.multipliers(),
                    moe.stored());
        }
        return Presets.of(name);
    }

    /// Every element of every tensor is on some rank, where weights are sharded on as many as the
    /// tensor ranks that have it, and no two share a place in a rank's memory.
    @ParameterizedTest
    @CsvSource({
        "llama-tiny, 1, 1, 1, 3", "llama-tiny, 8, 2, 2, 3", "llama-tiny, 4, 4, 1, 3",
        "llama-tiny, 7, 1, 1, 3", "gpt2-tiny, 3, 3, 1, 0", "gpt2-tiny, 12, 3, 2, 3",
        "moe-tiny, 6, 2, 1, 3", "moe-tiny, 8, 4, 2, 1", "stacked-tiny, 8, 2, 2, 3",
        "stacked-tiny, 5, 1, 1, 3", "bytes-1m, 13, 1, 1, 3", "bytes-1m, 12, 1, 4, 3"
    })
    void every_element_is_somewhere(String model, int devices, int tensor, int stages, int zero) {
        var config = config(model);
        var layout = new Layout(devices, tensor, stages, zero);
        var placement = Placement.of(config, layout);
        var held = new HashMap<String, int[]>();
        Parameters.of(config).all().forEach(p -> held.put(p.name(), new int[(int) p.count()]));
        for (int rank = 0; rank < devices; rank++) {
            var memory = new boolean[(int) placement.kept(rank)];
            for (var piece : placement.pieces(rank)) {
                int at = (int) piece.at();
                var runs = piece.runs();
                for (long i = 0; i < runs.count(); i++)
                    for (long j = 0; j < runs.length(); j++) {
                        held.get(piece.tensor())[(int) (runs.from() + i * runs.stride() + j)]++;
                        assertThat(memory[at]).as("place %d of rank %d", at, rank).isFalse();
                        memory[at++] = true;
                    }
            }
        }
        held.forEach((name, count) -> assertThat(count).as(name).doesNotContain(0));
        long all = held.values().stream().flatMapToInt(IntStream::of).asLongStream().sum();
        long expected = placement.parameters().count() + placement.tiedCopy();
        for (var role : placement.replicated().entrySet())
            expected += role.getValue() * (placement.copies(role.getKey()) - 1);
        // the tied table is on two stages, on each rank of which it is split
        assertThat(all).isEqualTo(expected * (layout.shardsWeights() ? 1 : layout.data()));
    }

    private static Map<String, Runs> pieces(String model, int tensor, int rank) {
        var found = new HashMap<String, Runs>();
        Placement.of(config(model), new Layout(tensor, tensor, 1, 0))
                .pieces(rank)
                .forEach(
                        p ->
                                found.merge(
                                        p.tensor(),
                                        p.runs(),
                                        (_, _) -> {
                                            throw new AssertionError(p.tensor());
                                        }));
        return found;
    }

    /// Width 64, 4 heads of 16, 2 key heads, hidden 96, 256 tokens; rank 1 of 2.
    @Test
    void megatrons_slices_of_llama() {
        var rank = pieces("llama-tiny", 2, 1);
        assertThat(rank)
                .containsEntry("model.embed_tokens.weight", Runs.one(128 * 64, 128 * 64))
                .containsEntry("lm_head.weight", Runs.one(128 * 64, 128 * 64))
                .containsEntry("model.norm.weight", Runs.one(0, 64));
        var layer = "model.layers.1.";
        assertThat(rank)
                .containsEntry(layer + "self_attn.q_proj.weight", Runs.one(32 * 64, 32 * 64))
                .containsEntry(layer + "self_attn.k_proj.weight", Runs.one(16 * 64, 16 * 64))
                .containsEntry(layer + "self_attn.v_proj.weight", Runs.one(16 * 64, 16 * 64))
                .containsEntry(layer + "self_attn.o_proj.weight", new Runs(32, 32, 64, 64))
                .containsEntry(layer + "mlp.gate_proj.weight", Runs.one(48 * 64, 48 * 64))
                .containsEntry(layer + "mlp.up_proj.weight", Runs.one(48 * 64, 48 * 64))
                .containsEntry(layer + "mlp.down_proj.weight", new Runs(48, 48, 96, 64))
                .containsEntry(layer + "input_layernorm.weight", Runs.one(0, 64));
    }

    /// GPT-2 stores (in, out), and its queries, keys and values side by side: width 48, 3 heads.
    @Test
    void megatrons_slices_of_gpt2() {
        var qkv =
                Placement.of(config("gpt2-tiny"), new Layout(3, 3, 1, 0)).pieces(1).stream()
                        .filter(p -> p.tensor().equals("transformer.h.0.attn.c_attn.weight"))
                        .map(Piece::runs)
                        .toList();
        assertThat(qkv)
                .containsExactly(
                        new Runs(16, 16, 144, 48),
                        new Runs(64, 16, 144, 48),
                        new Runs(112, 16, 144, 48));
        var all = Placement.of(config("gpt2-tiny"), new Layout(3, 3, 1, 0)).pieces(1);
        assertThat(all)
                .extracting(Piece::tensor, Piece::runs)
                .contains(
                        tuple("transformer.h.0.attn.c_proj.weight", Runs.one(16 * 48, 16 * 48)),
                        tuple("transformer.h.0.mlp.c_fc.weight", new Runs(64, 64, 192, 48)),
                        tuple("transformer.h.0.mlp.c_fc.bias", Runs.one(64, 64)),
                        tuple("transformer.h.0.mlp.c_proj.weight", Runs.one(64 * 48, 64 * 48)),
                        tuple("transformer.h.0.mlp.c_proj.bias", Runs.one(0, 48)),
                        // 256 tokens over 3 ranks: 86, 86 and 84
                        tuple("transformer.wte.weight", Runs.one(86 * 48, 86 * 48)));
    }

    /// More ranks than key heads: pairs of ranks have the same one.
    @Test
    void key_heads_that_several_ranks_have() {
        for (int rank = 0; rank < 4; rank++)
            assertThat(pieces("llama-tiny", 4, rank))
                    .containsEntry(
                            "model.layers.0.self_attn.k_proj.weight",
                            Runs.one(rank / 2 * 16 * 64, 16 * 64));
        var placement = Placement.of(config("llama-tiny"), new Layout(4, 4, 1, 0));
        assertThat(placement.copies(Role.QKV)).isEqualTo(2);
        // keys and values of 2 layers
        assertThat(placement.replicated()).containsEntry(Role.QKV, 2L * 2 * 32 * 64);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpt2-tiny | 2 | 2 | 1 | 3 heads cannot be split over 2 ranks",
                "llama-tiny | 6 | 4 | 1 | 6 devices are no whole number of models of 4 ranks by 1",
                "llama-tiny | 3 | 1 | 3 | 2 layers cannot be split into 3 stages",
            })
    void what_cannot_be_shared(String model, int devices, int tensor, int stages, String message) {
        assertThatThrownBy(
                        () -> Placement.of(config(model), new Layout(devices, tensor, stages, 3)))
                .isInstanceOf(InvalidModel.class)
                .hasMessageContaining(message);
    }

    @Test
    void key_heads_and_hidden_widths_limit_the_ranks() {
        var rotary = new Rotary(10_000, Optional.empty());
        assertThat(TensorSplit.refusal(Config.llama(8, 8, 1, 96, 12, 6, 96, rotary), 4))
                .hasValue("6 key heads cannot be split over 4 ranks");
        assertThat(TensorSplit.refusal(Config.llama(8, 8, 1, 96, 12, 12, 98, rotary), 4))
                .hasValue("a hidden width of 98 cannot be split over 4 ranks");
        assertThat(TensorSplit.refusal(Config.llama(8, 8, 1, 96, 12, 6, 96, rotary), 12)).isEmpty();
    }

    /// Flat shards of ZeRO-3 by hand: a final norm of 64 on 7 devices is 10 each, the last 4.
    @Test
    void flat_shards() {
        var placement = Placement.of(config("llama-tiny"), new Layout(7, 1, 1, 3));
        var last = placement.pieces(6);
        // the head's group: lm_head (256, 64), then the norm: 16448 elements, 2350 a shard
        long head = 16448 - 6 * 2350;
        assertThat(last.getLast()).extracting(Piece::tensor).isEqualTo("model.norm.weight");
        assertThat(last.getLast().runs()).isEqualTo(Runs.one(0, 64));
        assertThat(last.get(last.size() - 2).runs()).isEqualTo(Runs.one(6 * 2350, head - 64));
        assertThat(placement.owned(0)).isEqualTo(placement.owned(6));
    }

    @Test
    void stages_are_as_even_as_whole_groups_allow() {
        var placement = Placement.of(config("bytes-1m"), new Layout(2, 1, 2, 3));
        assertThat(placement.groups(0)).containsExactly("embeddings", "layer 0", "layer 1");
        assertThat(placement.groups(1)).containsExactly("layer 2", "layer 3", "head", "tied head");
        assertThat(placement.tiedCopy()).isEqualTo(256 * 160);
    }

    @Test
    void ranks_are_neighbours_by_what_they_exchange() {
        var layout = new Layout(12, 2, 3, 3);
        assertThat(List.of(layout.tensorRank(5), layout.copy(5), layout.stage(5)))
                .containsExactly(1, 0, 1);
        assertThat(layout.data()).isEqualTo(2);
    }
}

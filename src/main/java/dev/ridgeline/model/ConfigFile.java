package dev.ridgeline.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// A model's `config.json`, as public hubs have it.
public final class ConfigFile {
    /// Far more than any such file has.
    private static final long MOST_BYTES = 1 << 20;

    private static final List<String> KNOWN =
            List.of(
                    "GPT2LMHeadModel",
                    "LlamaForCausalLM",
                    "MistralForCausalLM",
                    "Qwen2ForCausalLM",
                    "MixtralForCausalLM",
                    "GraniteMoeForCausalLM");

    private static final Map<String, Stored> STORED =
            Map.of(
                    "float32", Stored.F32,
                    "float16", Stored.F16,
                    "bfloat16", Stored.BF16);

    private final ConfigFields fields;
    private final String architecture;

    private ConfigFile(ConfigFields fields) {
        this.fields = fields;
        var all = fields.json().path("architectures");
        if (!all.isArray() || all.size() != 1 || !all.get(0).isTextual())
            throw fields.invalid(
                    "'architectures' must name one architecture, as [\"LlamaForCausalLM\"]");
        architecture = all.get(0).asText();
        if (!KNOWN.contains(architecture))
            throw fields.invalid(
                    "architecture '%s' is not known here; known are %s",
                    architecture, String.join(", ", KNOWN));
    }

    /// @throws InvalidModel if the file cannot be read, or is not of a model that is known here
    public static Config read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES)
                throw new InvalidModel("%s: is too large for a model's config", file);
            var json = new ObjectMapper().readTree(Files.readString(file));
            if (json == null || !json.isObject())
                throw new InvalidModel("%s: is not a JSON object", file);
            return new ConfigFile(new ConfigFields(file, json)).config();
        } catch (JsonProcessingException e) {
            throw new InvalidModel("%s: is not JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw new InvalidModel("%s: cannot be read: %s", file, reason(e));
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.NoSuchFileException ? "no such file" : e.toString();
    }

    private Config config() {
        try {
            return architecture.equals("GPT2LMHeadModel") ? gpt2() : llama();
        } catch (InvalidModel e) {
            throw e.getMessage().startsWith(fields.file().toString())
                    ? e
                    : fields.invalid("%s", e.getMessage());
        }
    }

    private Config gpt2() {
        var activation = fields.text("activation_function").orElse("gelu_new");
        if (!List.of("gelu_new", "gelu_pytorch_tanh").contains(activation))
            throw fields.invalid("activation '%s' is not computed here, only gelu_new", activation);
        int width = fields.integer("n_embd");
        int heads = fields.integer("n_head");
        return new Config(
                Family.GPT2,
                architecture,
                fields.integer("vocab_size"),
                fields.json().has("n_positions")
                        ? fields.integer("n_positions")
                        : fields.integer("n_ctx"),
                fields.integer("n_layer"),
                width,
                heads,
                heads,
                heads > 0 ? width / heads : 0,
                fields.optional("n_inner").map(n -> fields.integer("n_inner")).orElse(4 * width),
                fields.number("layer_norm_epsilon", OptionalDouble.of(1e-5)),
                Optional.empty(),
                true,
                true,
                fields.flag("tie_word_embeddings", true),
                Optional.empty(),
                Multipliers.NONE,
                stored());
    }

    private Config llama() {
        var activation = fields.text("hidden_act").orElse("silu");
        if (!activation.equals("silu"))
            throw fields.invalid("activation '%s' is not computed here, only silu", activation);
        if (fields.flag("mlp_bias", false))
            throw fields.invalid("a feed-forward with biases is not known here");
        int width = fields.integer("hidden_size");
        int heads = fields.integer("num_attention_heads");
        int positions = fields.integer("max_position_embeddings");
        boolean slides =
                !architecture.startsWith("Qwen2") || fields.flag("use_sliding_window", false);
        if (slides && fields.optional("sliding_window").isPresent())
            positions = Math.min(positions, fields.integer("sliding_window"));
        boolean qwen = architecture.startsWith("Qwen2");
        return new Config(
                Family.LLAMA,
                architecture,
                fields.integer("vocab_size"),
                positions,
                fields.integer("num_hidden_layers"),
                width,
                heads,
                fields.optional("num_key_value_heads").isPresent()
                        ? fields.integer("num_key_value_heads")
                        : heads,
                fields.optional("head_dim").isPresent()
                        ? fields.integer("head_dim")
                        : heads > 0 ? width / heads : 0,
                fields.integer("intermediate_size"),
                fields.number("rms_norm_eps", OptionalDouble.empty()),
                Optional.of(
                        new Rotary(
                                fields.number("rope_theta", OptionalDouble.of(10_000)), stretch())),
                qwen || fields.flag("attention_bias", false),
                !qwen && fields.flag("attention_bias", false),
                fields.flag("tie_word_embeddings", false),
                experts(),
                multipliers(),
                stored());
    }

    private Optional<Rotary.Stretch> stretch() {
        var scaling = fields.optional("rope_scaling");
        if (scaling.isEmpty()) return Optional.empty();
        var s = scaling.get();
        var type = s.path("rope_type").asText(s.path("type").asText("missing"));
        if (type.equals("default")) return Optional.empty();
        if (!type.equals("llama3"))
            throw fields.invalid(
                    "rope_scaling of type '%s' is not computed here, only llama3", type);
        for (var field : List.of("factor", "low_freq_factor", "high_freq_factor"))
            if (!s.path(field).isNumber())
                throw fields.invalid("'rope_scaling.%s' is missing or not a number", field);
        if (!s.path("original_max_position_embeddings").canConvertToInt())
            throw fields.invalid("'rope_scaling.original_max_position_embeddings' is missing");
        return Optional.of(
                new Rotary.Stretch(
                        s.path("factor").asDouble(),
                        s.path("low_freq_factor").asDouble(),
                        s.path("high_freq_factor").asDouble(),
                        s.path("original_max_position_embeddings").asInt()));
    }

    private Optional<Experts> experts() {
        boolean granite = architecture.startsWith("GraniteMoe");
        if (!granite && !architecture.startsWith("Mixtral")) return Optional.empty();
        return Optional.of(
                new Experts(
                        fields.integer("num_local_experts"),
                        fields.integer("num_experts_per_tok"),
                        granite,
                        fields.number("router_aux_loss_coef", OptionalDouble.of(0))));
    }

    private Multipliers multipliers() {
        if (!architecture.startsWith("Granite")) return Multipliers.NONE;
        return new Multipliers(
                fields.number("embedding_multiplier", OptionalDouble.of(1)),
                fields.number("residual_multiplier", OptionalDouble.of(1)),
                fields.optional("attention_multiplier").isPresent()
                        ? OptionalDouble.of(
                                fields.number("attention_multiplier", OptionalDouble.empty()))
                        : OptionalDouble.empty(),
                fields.number("logits_scaling", OptionalDouble.of(1)));
    }

    private Stored stored() {
        var name = fields.text("torch_dtype").or(() -> fields.text("dtype")).orElse("float32");
        var stored = STORED.get(name);
        if (stored == null)
            throw fields.invalid("torch_dtype '%s' is none of float32, float16, bfloat16", name);
        return stored;
    }

    /// What [#read] reads the same config from; weights are f32.
    public static String write(Config config) {
        var json = new ObjectMapper().createObjectNode();
        json.putArray("architectures").add(config.architecture());
        switch (config.family()) {
            case GPT2 -> gpt2(json, config);
            case LLAMA -> llama(json, config);
        }
        json.put("tie_word_embeddings", config.tied());
        json.put("torch_dtype", "float32");
        json.put("vocab_size", config.vocabulary());
        return json.toPrettyString() + "\n";
    }

    private static void gpt2(ObjectNode json, Config config) {
        json.put("model_type", "gpt2");
        json.put("activation_function", "gelu_new");
        json.put("n_embd", config.width());
        json.put("n_head", config.heads());
        json.put("n_inner", config.hidden());
        json.put("n_layer", config.layers());
        json.put("n_positions", config.positions());
        json.put("layer_norm_epsilon", config.eps());
    }

    private static void llama(ObjectNode json, Config config) {
        json.put("model_type", modelType(config));
        json.put("hidden_act", "silu");
        json.put("hidden_size", config.width());
        json.put("intermediate_size", config.hidden());
        json.put("num_hidden_layers", config.layers());
        json.put("num_attention_heads", config.heads());
        json.put("num_key_value_heads", config.keyHeads());
        json.put("head_dim", config.headDim());
        json.put("max_position_embeddings", config.positions());
        json.put("rms_norm_eps", config.eps());
        if (!config.architecture().startsWith("Qwen2"))
            json.put("attention_bias", config.qkvBias());
        var rotary = config.rotary().orElseThrow();
        json.put("rope_theta", rotary.theta());
        rotary.stretch()
                .ifPresent(
                        s ->
                                json.putObject("rope_scaling")
                                        .put("rope_type", "llama3")
                                        .put("factor", s.factor())
                                        .put("low_freq_factor", s.low())
                                        .put("high_freq_factor", s.high())
                                        .put("original_max_position_embeddings", s.original()));
        multipliers(json, config.multipliers());
        config.experts()
                .ifPresent(
                        e -> {
                            json.put("num_local_experts", e.count());
                            json.put("num_experts_per_tok", e.active());
                            json.put("router_aux_loss_coef", e.balance());
                        });
    }

    private static void multipliers(ObjectNode json, Multipliers m) {
        if (m.equals(Multipliers.NONE)) return;
        json.put("embedding_multiplier", m.embedding());
        json.put("residual_multiplier", m.residual());
        m.attention().ifPresent(a -> json.put("attention_multiplier", a));
        json.put("logits_scaling", m.logits());
    }

    private static String modelType(Config config) {
        return switch (config.architecture()) {
            case "MistralForCausalLM" -> "mistral";
            case "Qwen2ForCausalLM" -> "qwen2";
            case "MixtralForCausalLM" -> "mixtral";
            case "GraniteMoeForCausalLM" -> "granitemoe";
            default -> "llama";
        };
    }
}

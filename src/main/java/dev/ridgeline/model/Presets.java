package dev.ridgeline.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Models by name.
public final class Presets {
    private static final int GPT2_VOCABULARY = 50257;
    private static final int LLAMA3_VOCABULARY = 128256;
    private static final int BYTES = 256;

    private static final Rotary PLAIN = new Rotary(10_000, Optional.empty());

    private static final Map<String, Config> ALL = all();

    private Presets() {}

    private static Map<String, Config> all() {
        var all = new LinkedHashMap<String, Config>();
        all.put("gpt2-124m", Config.gpt2(GPT2_VOCABULARY, 1024, 12, 768, 12));
        all.put("gpt2-350m", Config.gpt2(GPT2_VOCABULARY, 1024, 24, 1024, 16));
        all.put("gpt2-1558m", Config.gpt2(GPT2_VOCABULARY, 1024, 48, 1600, 25));
        all.put("llama-1b", llama3(16, 2048, 32, 8192, 32).withTiedHead());
        all.put("llama-8b", llama3(32, 4096, 32, 14336, 8));
        all.put("llama-70b", llama3(80, 8192, 64, 28672, 8));
        all.put("llama-405b", llama3(126, 16384, 128, 53248, 8));
        all.put(
                "moe-10t",
                Config.llama(LLAMA3_VOCABULARY, 131072, 120, 12288, 96, 8, 8832, PLAIN)
                        .withExperts(256, 8, 0.01));
        all.put("gpt2-tiny", Config.gpt2(BYTES, 64, 2, 48, 3));
        all.put("llama-tiny", Config.llama(BYTES, 64, 2, 64, 4, 2, 96, PLAIN));
        all.put(
                "moe-tiny",
                Config.llama(BYTES, 64, 2, 64, 4, 2, 48, PLAIN).withExperts(4, 2, 0.01));
        all.put("bytes-1m", Config.llama(BYTES, 1024, 4, 160, 5, 5, 448, PLAIN).withTiedHead());
        return all;
    }

    /// Llama 3.1 and 3.2; the factor by which positions are stretched is the only difference.
    private static Config llama3(int layers, int width, int heads, int hidden, double factor) {
        var rotary = new Rotary(500_000, Optional.of(new Rotary.Stretch(factor, 1, 4, 8192)));
        return Config.llama(LLAMA3_VOCABULARY, 131072, layers, width, heads, 8, hidden, rotary);
    }

    public static Set<String> names() {
        return ALL.keySet();
    }

    /// @throws InvalidModel if there is none of this name
    public static Config of(String name) {
        var config = ALL.get(name);
        if (config == null)
            throw new InvalidModel(
                    "there is no model '%s'; there are %s", name, String.join(", ", ALL.keySet()));
        return config;
    }
}

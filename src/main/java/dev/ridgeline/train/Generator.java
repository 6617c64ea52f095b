package dev.ridgeline.train;

import dev.ridgeline.model.Inference;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;

/// Writes text with a model of bytes, one byte at a time.
public final class Generator {
    private final Inference inference;
    private final double temperature;
    private final Random random;

    /// @param temperature divides the logits; below 1 the likely becomes likelier
    public Generator(Inference inference, double temperature, long seed) {
        this.inference = inference;
        this.temperature = temperature;
        this.random = new Random(seed);
    }

    /// `prompt` and `count` bytes that the model puts after it.
    public byte[] write(byte[] prompt, int count) {
        var text = new ByteArrayOutputStream();
        text.writeBytes(prompt);
        for (int i = 0; i < count; i++) {
            byte[] all = text.toByteArray();
            byte[] last =
                    Arrays.copyOfRange(
                            all, Math.max(0, all.length - inference.sequence()), all.length);
            int[] tokens = new int[last.length];
            for (int t = 0; t < tokens.length; t++) tokens[t] = last[t] & 0xff;
            text.write(draw(inference.logits(tokens)));
        }
        return text.toByteArray();
    }

    private int draw(float[] logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) max = Math.max(max, logit);
        double[] weights = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - max) / temperature);
            sum += weights[i];
        }
        double at = random.nextDouble() * sum;
        for (int i = 0; i < weights.length; i++) {
            at -= weights[i];
            if (at < 0) return i;
        }
        return weights.length - 1;
    }
}

package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.Optional;

/// What happens to a GEMM's product on its way to memory: `c = activation(product + bias)`, or `c
/// += product`.
///
/// @param bias (n), added to every row
/// @param preactivation (m, n), receives `product + bias` where the backward pass will need it
/// @param accumulate adds to what `c` holds; excludes the other parts
public record Epilogue(
        Optional<Tensor> bias,
        Activation activation,
        Optional<Tensor> preactivation,
        boolean accumulate) {
    public static final Epilogue NONE =
            new Epilogue(Optional.empty(), Activation.NONE, Optional.empty(), false);
    public static final Epilogue ACCUMULATE =
            new Epilogue(Optional.empty(), Activation.NONE, Optional.empty(), true);

    public Epilogue {
        Require.that(
                !accumulate || bias.isEmpty() && activation == Activation.NONE,
                "gemm: an accumulating product takes no bias and no activation");
        Require.that(
                preactivation.isEmpty() || activation != Activation.NONE,
                "gemm: a preactivation is kept only where there is an activation");
    }

    public static Epilogue bias(Tensor bias) {
        return new Epilogue(Optional.of(bias), Activation.NONE, Optional.empty(), false);
    }

    public static Epilogue biasGelu(Tensor bias, Tensor preactivation) {
        return new Epilogue(Optional.of(bias), Activation.GELU, Optional.of(preactivation), false);
    }
}

package dev.ridgeline.report;

import com.fasterxml.jackson.annotation.JsonInclude;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One line of a result: a kernel on a workload, and what was found.
///
/// @param key identifies the row within and between files: op, workload, dtype, kernel, device and
///   threads, so that a run can be resumed and two runs compared
/// @param seconds empty unless `status` is MEASURED
/// @param samples seconds per launch, one list per round
/// @param reason why there is no measurement; empty for MEASURED
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record Row(
        String key,
        String op,
        String variant,
        Map<String, Integer> shape,
        String dtype,
        String kernel,
        String device,
        int threads,
        Status status,
        Optional<String> reason,
        Optional<Proof> verified,
        double flops,
        double bytes,
        String convention,
        Optional<Seconds> seconds,
        Optional<Rate> rate,
        Optional<Share> share,
        Optional<String> cache,
        List<double[]> samples) {

    /// What became of the row.
    public enum Status {
        MEASURED,
        WRONG,
        REFUSED,
        FAILED
    }

    /// @param worst largest error as a share of the tolerance
    public record Proof(String how, long elements, double worst) {}

    /// Per launch; `low` and `high` bound the median at 95 %; `noise` is half their distance over
    /// the median, `noisy` whether that is over the protocol's limit.
    public record Seconds(
            double median,
            double low,
            double high,
            double min,
            double q25,
            double q75,
            double noise,
            boolean noisy) {}

    /// @param unit `flop/s` or `byte/s`, SI
    public record Rate(double value, double low, double high, String unit) {}

    /// The row's rate as a share of the measured ceiling that binds it.
    ///
    /// @param ceiling name of an entry of the file's ceilings
    /// @param value median over rounds of the row's rate over the ceiling's in the same round
    public record Share(String ceiling, double value) {}
}

package dev.ridgeline.measure;

import java.util.List;
import java.util.Optional;

/// What became of one row, so far.
public sealed interface CampaignResult {
    CampaignCase<?> row();

    /// @param time every sample so far, round by round
    /// @param share of the roof that binds the row; empty where no roof was measured
    /// @param cache `cold` or `hot`: where the operands were when a launch began
    record Measured(
            CampaignCase<?> row,
            Evidence evidence,
            Measurement time,
            Optional<Share> share,
            String cache)
            implements CampaignResult {}

    /// A kernel that was wrong, or that does not take the workload. It is not timed.
    record Rejected(CampaignCase<?> row, Verdict<?> verdict) implements CampaignResult {}

    /// @param reason one sentence
    /// @param samples taken before it failed
    record Failed(CampaignCase<?> row, String reason, List<double[]> samples)
            implements CampaignResult {}

    /// A rate as a share of a measured ceiling.
    ///
    /// @param ceiling its name
    /// @param value median over rounds of the row's rate over the ceiling's of the same round
    record Share(String ceiling, double value) {}
}

package dev.ridgeline.cli;

import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.Speeds;

import java.util.List;

/// One training step under several caps: what was asked for, and what was found.
///
/// @param workingSet bytes that it takes without a cap
/// @param least bytes with which it can be run at all
/// @param cases largest cap first
record CapacityStudy(
        Site site,
        ModelOptions.Named model,
        StepOptions options,
        Protocol protocol,
        Speeds speeds,
        long workingSet,
        long least,
        List<CapacityCase> cases) {
    String tooSmall() {
        return "too small: the least that works is %s (%,d bytes)"
                .formatted(Si.binaryBytes(least), least);
    }

    /// The largest cap that was measured.
    CapacityCase full() {
        return cases.stream().filter(CapacityCase::measured).findFirst().orElseThrow();
    }

    int exit() {
        if (cases.stream().anyMatch(c -> c.wrong().isPresent())) return Exit.WRONG;
        return cases.stream().anyMatch(CapacityCase::measured) ? Exit.OK : Exit.ENVIRONMENT;
    }
}

package dev.ridgeline.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.measure.CampaignResult.Failed;
import dev.ridgeline.measure.CampaignResult.Measured;
import dev.ridgeline.measure.CampaignResult.Rejected;
import dev.ridgeline.measure.ScriptedDevice.Script;
import dev.ridgeline.op.Copy;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

class CampaignTest {
    private static final Protocol PROTOCOL = new Protocol(0.001, 0.02, 0.03, 3, true, 1);

    private final ScriptedDevice device = new ScriptedDevice(1 << 20);
    private final Site site = new Site(device, 2);
    private final List<String> order = new ArrayList<>();
    private final List<CampaignResult> changes = new ArrayList<>();

    private final class Notes implements Campaign.Listener {
        @Override
        public void verifying(CampaignCase<?> row, int done, int total) {
            order.add("prove " + row.kernel().id().idea());
        }

        @Override
        public void measuringCeilings(int round) {
            order.add("ceilings " + round);
        }

        @Override
        public void measured(Ceilings ceilings) {}

        @Override
        public void measuring(CampaignCase<?> row, int round, int done, int total) {
            order.add("time " + row.kernel().id().idea() + " " + round);
        }

        @Override
        public void changed(CampaignResult result) {
            changes.add(result);
        }
    }

    private static Workload<Copy> workload(int n) {
        return new Workload<>(
                Copy.class,
                "",
                Map.of("n", n),
                DType.F32,
                1,
                o -> new Copy(o.uniform(DType.F32, n), o.output(DType.F32, n)));
    }

    private CampaignCase<Copy> row(Kernel<Copy> kernel) {
        return new CampaignCase<>(workload(64), kernel, site);
    }

    private List<CampaignResult> run(CampaignCase<?>... rows) {
        return run(_ -> List.of(), rows);
    }

    private List<CampaignResult> run(
            Function<CampaignCase<?>, List<double[]>> earlier, CampaignCase<?>... rows) {
        var ceilings = new Ceilings(List.of(site), PROTOCOL, _ -> List.of());
        return new Campaign(PROTOCOL, List.of(rows), ceilings, earlier, new Notes()).run();
    }

    @Test
    void every_row_is_proven_once_and_then_timed_in_rounds_of_alternating_order() {
        run(row(device.add(Script.right("a", 1e-3))), row(device.add(Script.right("b", 1e-3))));
        assertThat(order)
                .containsExactly(
                        "prove a",
                        "prove b",
                        "ceilings 0",
                        "time a 0",
                        "time b 0",
                        "ceilings 1",
                        "time b 1",
                        "time a 1",
                        "ceilings 2",
                        "time a 2",
                        "time b 2");
    }

    /// Another library's kernel, which does what a script says.
    private record Peer(Script script) implements Kernel<Copy> {
        @Override
        public KernelId id() {
            return script.id();
        }

        @Override
        public boolean peer() {
            return true;
        }

        @Override
        public Optional<String> refusal(Copy op) {
            return Optional.empty();
        }

        @Override
        public Launch bind(Copy op) {
            return script.bind(op);
        }
    }

    @Test
    void a_peer_and_ours_take_samples_in_turn_on_the_same_operands() {
        var launches = new ArrayList<Map.Entry<String, Buffer>>();
        var scripts = new ArrayList<Script>();
        for (var idea : List.of("ours", "theirs"))
            scripts.add(
                    new Script(
                            idea,
                            1e-3,
                            Optional.empty(),
                            op -> {
                                launches.add(Map.entry(idea, op.from().buffer()));
                                ScriptedDevice.copy(op);
                            }));
        var shared = workload(64);
        var results =
                run(
                        new CampaignCase<>(shared, device.add(scripts.getFirst()), site),
                        new CampaignCase<>(shared, new Peer(scripts.getLast()), site),
                        row(scripts.getFirst()));
        assertThat(results).hasSize(3).allMatch(Measured.class::isInstance);
        var ours = launches.stream().filter(l -> l.getKey().equals("ours")).toList();
        var theirs = launches.stream().filter(l -> l.getKey().equals("theirs")).toList();
        // but for the one that it was proven on
        assertThat(theirs.stream().map(Map.Entry::getValue).distinct().skip(1))
                .isNotEmpty()
                .isSubsetOf(ours.stream().map(Map.Entry::getValue).toList());
        int last = launches.lastIndexOf(theirs.getLast());
        assertThat(launches.subList(last - 5, last + 1).stream().map(Map.Entry::getKey))
                .containsExactly("ours", "theirs", "ours", "theirs", "ours", "theirs");
    }

    @Test
    void a_row_is_told_of_after_each_of_its_rounds() {
        run(row(device.add(Script.right("a", 1e-3))));
        assertThat(changes).hasSize(4); // the last one with the final share
        for (int i = 0; i < 3; i++)
            assertThat(((Measured) changes.get(i)).time().rounds()).hasSize(i + 1);
    }

    @Test
    void samples_are_what_the_device_s_clock_says() {
        var result = (Measured) run(row(device.add(Script.right("a", 1e-3)))).getFirst();
        assertThat(result.time().median()).isBetween(0.999e-3, 1.001e-3);
        assertThat(result.cache()).isEqualTo("cold");
        assertThat(result.evidence().elements()).isEqualTo(64);
    }

    @Test
    void what_is_wrong_or_refuses_or_fails_ends_its_own_row_and_no_other() {
        var wrong = new Script("wrong", 1e-3, Optional.empty(), op -> {});
        var refusing = new Script("refusing", 1e-3, Optional.of("not today"), op -> {});
        var failing =
                new Script(
                        "failing",
                        1e-3,
                        Optional.empty(),
                        op -> {
                            throw new IllegalStateException("broke");
                        });
        var results =
                run(
                        row(device.add(wrong)),
                        row(device.add(refusing)),
                        row(device.add(failing)),
                        row(device.add(Script.right("good", 1e-3))));
        assertThat(((Rejected) results.get(0)).verdict()).isInstanceOf(Wrong.class);
        assertThat(((Rejected) results.get(1)).verdict())
                .isInstanceOfSatisfying(
                        Refused.class, r -> assertThat(r.reason()).isEqualTo("not today"));
        assertThat(((Failed) results.get(2)).reason()).contains("broke");
        assertThat(((Measured) results.get(3)).time().rounds()).hasSize(3);
        assertThat(order).doesNotContain("time wrong 0", "time refusing 0", "time failing 0");
        assertThat(device.allocated()).isZero();
    }

    @Test
    void a_kernel_that_fails_later_keeps_the_samples_it_has() {
        var launches = new AtomicInteger();
        var late =
                new Script(
                        "late",
                        1e-3,
                        Optional.empty(),
                        op -> {
                            if (launches.incrementAndGet() > 15)
                                throw new IllegalStateException("wore out");
                            ScriptedDevice.copy(op);
                        });
        var good = device.add(Script.right("good", 1e-3)); // first, so that it is the ceilings'
        var results = run(row(device.add(late)), row(good));
        assertThat(results.getFirst())
                .isInstanceOfSatisfying(
                        Failed.class,
                        f -> {
                            assertThat(f.reason()).contains("wore out");
                            assertThat(f.samples()).isNotEmpty();
                        });
        assertThat(results.getLast()).isInstanceOf(Measured.class);
        assertThat(device.allocated()).isZero();
    }

    @Test
    void a_row_that_cannot_fit_is_told_so_before_anything_is_allocated() {
        var kernel = device.add(Script.right("a", 1e-3));
        var large = new CampaignCase<>(workload(1 << 20), kernel, site);
        assertThat(run(large).getFirst())
                .isInstanceOfSatisfying(
                        Failed.class,
                        f ->
                                assertThat(f.reason())
                                        .isEqualTo(
                                                "copy n=1048576 f32 needs 8,388,608 bytes to be"
                                                        + " proven and measured, and cpu has"
                                                        + " 1,048,576"));
    }

    @Test
    void a_run_goes_on_where_an_earlier_one_stopped() {
        var done = row(device.add(Script.right("done", 1e-3)));
        var half = row(device.add(Script.right("half", 1e-3)));
        var fresh = row(device.add(Script.right("fresh", 1e-3)));
        var round = new double[] {5e-3, 5e-3};
        var earlier = Map.of(done, List.of(round, round, round), half, List.of(round));
        var results = run(row -> earlier.getOrDefault(row, List.of()), done, half, fresh);
        assertThat(results.stream().map(r -> r.row().kernel().id().idea()))
                .containsExactly("half", "fresh");
        assertThat(((Measured) results.getFirst()).time().rounds()).hasSize(3).contains(round);
        assertThat(order)
                .containsExactly(
                        "prove half",
                        "prove fresh",
                        "ceilings 0",
                        "time fresh 0",
                        "ceilings 1",
                        "time fresh 1",
                        "time half 1",
                        "ceilings 2",
                        "time half 2",
                        "time fresh 2");
    }

    @Test
    void rows_in_the_cache_are_called_hot_whatever_was_asked_for() {
        var tiny = new CampaignCase<>(workload(1), device.add(Script.right("a", 1e-3)), site);
        assertThat(((Measured) run(tiny).getFirst()).cache()).isEqualTo("hot");
    }
}

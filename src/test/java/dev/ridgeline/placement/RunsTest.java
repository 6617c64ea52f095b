package dev.ridgeline.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class RunsTest {
    private static List<Long> elements(List<Runs> all) {
        var elements = new ArrayList<Long>();
        for (var runs : all)
            for (long i = 0; i < runs.count(); i++)
                for (long j = 0; j < runs.length(); j++)
                    elements.add(runs.from() + i * runs.stride() + j);
        return elements;
    }

    @Test
    void every_cut_of_some_runs() {
        for (var runs : List.of(new Runs(5, 3, 7, 4), new Runs(0, 4, 4, 3), new Runs(2, 1, 9, 1))) {
            var all = elements(List.of(runs));
            assertThat(all).hasSize((int) runs.total());
            assertThat(all.getLast() + 1).isEqualTo(runs.end());
            for (int from = 0; from <= all.size(); from++)
                for (int to = from; to <= all.size(); to++) {
                    var cut = runs.cut(from, to);
                    assertThat(elements(cut)).isEqualTo(all.subList(from, to));
                    assertThat(cut).hasSizeLessThanOrEqualTo(3);
                }
        }
    }

    @Test
    void runs_that_touch_are_one() {
        assertThat(new Runs(3, 4, 4, 5)).isEqualTo(Runs.one(3, 20));
        assertThat(Runs.columns(6, 4, 0, 4)).isEqualTo(Runs.one(0, 24));
    }

    @Test
    void runs_that_overlap_are_none() {
        assertThatThrownBy(() -> new Runs(0, 4, 3, 2)).isInstanceOf(IllegalArgumentException.class);
    }
}

package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

import java.util.List;
import java.util.stream.IntStream;

/// The frame of a table that the page's script sorts and filters. Without the script it is a table
/// in the order of the file.
final class SortableTable {
    record Column(String title, boolean isNumber) {
        static Column text(String title) {
            return new Column(title, false);
        }

        static Column number(String title) {
            return new Column(title, true);
        }
    }

    private SortableTable() {}

    /// @param ops what rows can be filtered by: the values of their `data-op`
    /// @param rows `tr` elements; cells may carry a `data-value` to sort by
    static Markup of(String id, List<Column> columns, List<String> ops, Markup rows) {
        return all(tools(id, columns, ops), table(id, columns, rows));
    }

    private static Markup tools(String id, List<Column> columns, List<String> ops) {
        return el(
                "div",
                css("tools"),
                at("data-for", id),
                el(
                        "label",
                        el("span", "Op"),
                        el(
                                "select",
                                css("op"),
                                el("option", "all", at("value", "")),
                                all(ops.stream().map(op -> el("option", op))))),
                el(
                        "label",
                        el("span", "Find"),
                        el(
                                "input",
                                at("type", "search"),
                                at("placeholder", "shape, kernel, verdict"))),
                el(
                        "label",
                        css("sort"),
                        el("span", "Sort by"),
                        el(
                                "select",
                                css("sort"),
                                el("option", "order of the run", at("value", "")),
                                all(
                                        IntStream.range(0, columns.size())
                                                .mapToObj(
                                                        c ->
                                                                el(
                                                                        "option",
                                                                        columns.get(c).title(),
                                                                        at("value", c)))))),
                el("output", css("count"), at("aria-live", "polite")));
    }

    private static Markup table(String id, List<Column> columns, Markup rows) {
        return el(
                "div",
                css("scroll"),
                el(
                        "table",
                        css("rows"),
                        at("id", id),
                        el(
                                "thead",
                                el(
                                        "tr",
                                        all(
                                                columns.stream()
                                                        .map(
                                                                c ->
                                                                        el(
                                                                                "th",
                                                                                css(
                                                                                        c.isNumber()
                                                                                                ? "number"
                                                                                                : "text"),
                                                                                at("scope", "col"),
                                                                                at(
                                                                                        "aria-sort",
                                                                                        "none"),
                                                                                el(
                                                                                        "button",
                                                                                        c.title(),
                                                                                        at(
                                                                                                "type",
                                                                                                "button"))))))),
                        el("tbody", rows)));
    }
}

package dev.ridgeline.hardware;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

class CatalogReaderTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'value':1,'unit':'GB/s','trust':'vendor','source':'s'"
                        + "| catalog, x, bf16: GB/s is not a unit of flop/s",
                "'value':1,'unit':'Tflop/s','trust':'vendor','source':'t'"
                        + "| catalog, x, bf16: no source \"t\"",
                "'value':0,'unit':'Tflop/s','trust':'vendor','source':'s'"
                        + "| catalog, x, bf16: a figure is positive and finite, not 0.0",
                "'value':1,'unit':'Tflop/s','trust':'derived','source':'s'"
                        + "| catalog, x, bf16: a derived figure has a formula, and only such a one"
            },
            quoteCharacter = '`')
    void a_defect_in_the_data_names_its_place(String figure, String message) {
        assertThatThrownBy(() -> read(figure)).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'value':1,'unit':'Tflop/s','trust':'rumour','source':'s'",
                "'value':1,'unit':'Tflop/s','trust':'vendor'",
                "'unit':'Tflop/s','trust':'vendor','source':'s'",
                "'value':1,'unit':'Tflop/s','trust':'vendor','source':'s','sparse':true"
            },
            quoteCharacter = '`')
    void a_figure_of_another_form_is_not_read(String figure) {
        assertThatThrownBy(() -> read(figure)).isInstanceOf(IOException.class);
    }

    private static void read(String figure) throws IOException {
        var json =
                """
                {'conventions':[],'sources':{'s':'a source'},'skus':[{'id':'x','name':'X',
                 'generation':'hopper','status':'shipped',
                 'ship':{'date':'2022','trust':'vendor','source':'s'},'device_names':[],
                 'peaks':{'bf16':{%s}},'figures':{}}]}\
                """
                        .formatted(figure)
                        .replace('\'', '"');
        CatalogReader.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
    }
}

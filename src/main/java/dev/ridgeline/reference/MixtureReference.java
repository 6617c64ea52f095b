package dev.ridgeline.reference;

import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

final class MixtureReference {
    private MixtureReference() {}

    static List<double[]> router(Router op) {
        int count = op.expertCount();
        int active = op.active();
        double[] logits = Dense.read(op.logits());
        double[] p = new double[logits.length];
        double[] gates = new double[op.rows() * active];
        double[] experts = new double[gates.length];
        var pairs = new ArrayList<Integer>();
        for (int r = 0; r < op.rows(); r++) {
            int row = r * count;
            double max =
                    IntStream.range(0, count).mapToDouble(e -> logits[row + e]).max().orElse(0);
            double sum = 0;
            for (int e = 0; e < count; e++) sum += Math.exp(logits[row + e] - max);
            for (int e = 0; e < count; e++) p[row + e] = Math.exp(logits[row + e] - max) / sum;
            var best =
                    IntStream.range(0, count)
                            .boxed()
                            .sorted(Comparator.comparingDouble(e -> -logits[row + e]))
                            .limit(active)
                            .toList();
            double chosen = best.stream().mapToDouble(e -> p[row + e]).sum();
            for (int j = 0; j < active; j++) {
                experts[r * active + j] = best.get(j);
                gates[r * active + j] = p[row + best.get(j)] / chosen;
                pairs.add(r * active + j);
            }
        }
        pairs.sort(Comparator.comparingDouble(pair -> experts[pair]));
        double[] places = new double[gates.length];
        double[] sources = new double[gates.length];
        double[] offsets = new double[count + 1];
        for (int i = 0; i < pairs.size(); i++) {
            int pair = pairs.get(i);
            places[pair] = i;
            sources[i] = pair / active;
            for (int e = (int) experts[pair] + 1; e <= count; e++) offsets[e]++;
        }
        return List.of(p, gates, experts, places, sources, offsets);
    }

    static List<double[]> routerBackward(RouterBackward op) {
        int count = op.expertCount();
        int active = op.active();
        double[] p = Dense.read(op.probabilities());
        double[] gates = Dense.read(op.gates());
        double[] experts = Dense.read(op.experts());
        double[] offsets = Dense.read(op.offsets());
        double[] dgates = Dense.read(op.dgates());
        double[] dlogits = new double[p.length];
        double rows = op.rows();
        for (int r = 0; r < op.rows(); r++) {
            double mean = 0;
            for (int j = r * active; j < (r + 1) * active; j++) mean += gates[j] * dgates[j];
            for (int j = r * active; j < (r + 1) * active; j++)
                dlogits[r * count + (int) experts[j]] += gates[j] * (dgates[j] - mean);
            double[] d = new double[count];
            double meanLoad = 0;
            for (int e = 0; e < count; e++) {
                d[e] = op.balance() * count * (offsets[e + 1] - offsets[e]) / rows / rows;
                meanLoad += p[r * count + e] * d[e];
            }
            for (int e = 0; e < count; e++)
                dlogits[r * count + e] += p[r * count + e] * (d[e] - meanLoad);
        }
        return List.of(dlogits);
    }

    static List<double[]> groupedGemm(GroupedGemm op) {
        double[] a = Dense.read(op.a());
        double[] b = Dense.read(op.b());
        double[] offsets = Dense.read(op.offsets());
        double[] c =
                op.accumulate() ? Dense.read(op.c()) : new double[Math.toIntExact(op.c().count())];
        int k = op.a().dim(1);
        for (int e = 0; e < op.experts(); e++)
            for (int r = (int) offsets[e]; r < (int) offsets[e + 1]; r++) {
                if (op.form() == Form.TN) {
                    int n = op.b().dim(1);
                    for (int i = 0; i < k; i++)
                        for (int j = 0; j < n; j++)
                            c[(e * k + i) * n + j] += a[r * k + i] * b[r * n + j];
                    continue;
                }
                int n = op.c().dim(1);
                for (int j = 0; j < n; j++)
                    for (int i = 0; i < k; i++)
                        c[r * n + j] +=
                                a[r * k + i]
                                        * (op.form() == Form.NT
                                                ? b[(e * n + j) * k + i]
                                                : b[(e * k + i) * n + j]);
            }
        return List.of(c);
    }

    static List<double[]> combine(Combine op) {
        double[] y = Dense.read(op.y());
        double[] places = Dense.read(op.places());
        double[] out = new double[op.rows() * op.cols()];
        double[] gates = op.gates().map(Dense::read).orElse(new double[0]);
        for (int pair = 0; pair < places.length; pair++)
            for (int c = 0; c < op.cols(); c++)
                out[pair / op.active() * op.cols() + c] +=
                        (gates.length > 0 ? gates[pair] : 1)
                                * y[(int) places[pair] * op.cols() + c];
        return List.of(out);
    }

    static List<double[]> combineBackward(CombineBackward op) {
        double[] y = Dense.read(op.y());
        double[] gates = Dense.read(op.gates());
        double[] places = Dense.read(op.places());
        double[] dout = Dense.read(op.dout());
        double[] dy = new double[y.length];
        double[] dgates = new double[gates.length];
        for (int pair = 0; pair < places.length; pair++)
            for (int c = 0; c < op.cols(); c++) {
                double d = dout[pair / op.active() * op.cols() + c];
                int at = (int) places[pair] * op.cols() + c;
                dy[at] = gates[pair] * d;
                dgates[pair] += d * y[at];
            }
        return List.of(dy, dgates);
    }
}

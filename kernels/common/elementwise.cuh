// One function of every element of (rows, cols) operands, in runs of 16 bytes: every thread has `Runs` of each operand
// under way before it computes, `blockDim.x` apart, so that neighbouring threads read neighbouring addresses.
//
// Dense operands of any shape are one row. Where there are several rows, cols is below 2^31 and the runs below 2^32.
#pragma once
#include "common/vector.cuh"

// The elements of each input to those of each output: f(const float (&x)[Inputs], float (&y)[Outputs]). An output may
// be an input.
template <class T, int Runs, int Inputs, int Outputs, class F>
__device__ __forceinline__ void elementwise(const Matrix<const T> (&in)[Inputs], const Matrix<T> (&out)[Outputs],
                                            int rows, long long cols, F f) {
  constexpr int N = kWidth<T>;
  const long long runs = most_runs<const T, N>(in[0].at, cols, in[0].stride, rows);
  const long long from = static_cast<long long>(blockIdx.x) * (Runs * blockDim.x) + threadIdx.x;

  const auto place = [&](int k, int& row, long long& run) {
    const long long item = from + k * blockDim.x;
    row = rows == 1 ? 0 : static_cast<int>(static_cast<unsigned>(item) / static_cast<unsigned>(runs));
    run = item - row * runs;
    return item < rows * runs;
  };

  Run<T> held[Runs][Inputs];
#pragma unroll
  for (int k = 0; k < Runs; k++) {
    int row;
    long long run;
    if (!place(k, row, run)) break;
    const int lead = lead_of(in[0].at + row * in[0].stride);
#pragma unroll
    for (int i = 0; i < Inputs; i++) held[k][i] = in[i].template row<N>(row, cols, lead).load(run);
  }
#pragma unroll
  for (int k = 0; k < Runs; k++) {
    int row;
    long long run;
    if (!place(k, row, run)) break;
    const int lead = lead_of(in[0].at + row * in[0].stride);
    float x[Inputs][N];
    float y[Outputs][N];
#pragma unroll
    for (int i = 0; i < Inputs; i++) held[k][i].get(x[i]);
#pragma unroll
    for (int e = 0; e < N; e++) {
      float one[Inputs];
      float result[Outputs];
#pragma unroll
      for (int i = 0; i < Inputs; i++) one[i] = x[i][e];
      f(one, result);
#pragma unroll
      for (int o = 0; o < Outputs; o++) y[o][e] = result[o];
    }
#pragma unroll
    for (int o = 0; o < Outputs; o++) out[o].template row<N>(row, cols, lead).store(run, y[o]);
  }
}

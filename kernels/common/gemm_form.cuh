// The three forms of a GEMM.
#pragma once

namespace gemm {

// The transposition letters of BLAS, row-major: NT is a (m, k) times b (n, k) transposed, and so on.
enum class Form { NT, NN, TN };

// The contiguous index of an operand: the depth k, or the extent m or n.
enum class Contiguous { DEPTH, EXTENT };

__host__ __device__ constexpr Contiguous of_a(Form form) {
  return form == Form::TN ? Contiguous::EXTENT : Contiguous::DEPTH;
}

__host__ __device__ constexpr Contiguous of_b(Form form) {
  return form == Form::NT ? Contiguous::DEPTH : Contiguous::EXTENT;
}

}  // namespace gemm

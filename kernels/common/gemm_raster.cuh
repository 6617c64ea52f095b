// The order in which blocks walk the tiles of a product.
#pragma once

namespace gemm {

// Tile rows in a strip: of a wave of 132 blocks it makes a nearly square part of the output for tiles of 128 rows.
constexpr int kStrip = 16;

// The tile that block `block` computes, strip after strip, down the rows of a strip first.
__device__ __forceinline__ int2 rasterise(int block, int rows, int columns) {
  const int strip = block / (kStrip * columns);
  const int first = strip * kStrip;
  const int height = min(kStrip, rows - first);
  const int within = block - first * columns;
  return {first + within % height, within / height};
}

}  // namespace gemm

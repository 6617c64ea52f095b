// cuTensorMapEncodeTiled with the rules of its documentation.
#include <cstring>

#include "driver.h"
#include "../engine/tensor_map.h"

using namespace standin;

namespace {

// By CUtensorMapDataType, from UINT8 to TFLOAT32_FTZ.
constexpr int bytes_of[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};

CUresult refuse(const std::string& why) { return report(CUDA_ERROR_INVALID_VALUE, "tensor map: " + why); }

}  // namespace

extern "C" CUresult cuTensorMapEncodeTiled(void* map, unsigned type, unsigned rank, void* address, const uint64_t* dims,
                                           const uint64_t* strides, const unsigned* box, const unsigned* steps,
                                           unsigned interleave, unsigned swizzle, unsigned, unsigned) {
  STANDIN_ENTER;
  if (reinterpret_cast<uintptr_t>(map) % 64 != 0) return refuse("it has to lie at a multiple of 64 bytes");
  if (type >= std::size(bytes_of) || rank < 1 || rank > 5) return refuse("no such type or rank");
  if (interleave != 0) return report(CUDA_ERROR_NOT_SUPPORTED, "tensor map: interleaving is not known here");
  if (reinterpret_cast<uintptr_t>(address) % 16 != 0) return refuse("the tensor begins at no multiple of 16 bytes");
  TensorMap m{};
  m.mark = TensorMap::is_one;
  m.address = reinterpret_cast<uint64_t>(address);
  m.rank = static_cast<uint8_t>(rank);
  m.element_bytes = static_cast<uint8_t>(bytes_of[type]);
  for (unsigned i = 0; i < rank; i++) {
    if (dims[i] < 1 || dims[i] >= uint64_t{1} << 32) return refuse("a dimension is not 1 to 2^32 - 1");
    if (box[i] < 1 || box[i] > 256) return refuse("a box has 1 to 256 elements along each dimension");
    if (steps[i] != 1) return report(CUDA_ERROR_NOT_SUPPORTED, "tensor map: element strides are not known here");
    if (i > 0 && (strides[i - 1] % 16 != 0 || strides[i - 1] >= uint64_t{1} << 40)) {
      return refuse("a stride is no multiple of 16 bytes below 2^40");
    }
    m.dims[i] = static_cast<uint32_t>(dims[i]);
    m.box[i] = static_cast<uint16_t>(box[i]);
    if (i > 0) m.strides[i - 1] = strides[i - 1];
  }
  unsigned inner = box[0] * m.element_bytes;
  if (inner % 16 != 0) return refuse("the innermost row of a box is no multiple of 16 bytes");
  if (swizzle > 3) return refuse("no such swizzle");
  if (swizzle > 0 && inner > 16u << swizzle) return refuse("the innermost row of a box is longer than the swizzle");
  m.swizzled = static_cast<uint8_t>((1 << swizzle) - 1);
  memset(map, 0, 128);
  memcpy(map, &m, sizeof m);
  return CUDA_SUCCESS;
}

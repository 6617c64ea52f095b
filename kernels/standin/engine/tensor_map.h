// What the stand-in keeps in the 128 bytes of a CUtensorMap, which the vendor does not document.
#pragma once
#include <cstdint>

namespace standin {

struct TensorMap {
  static constexpr uint64_t is_one = 0x70616d726f736e74;

  uint64_t mark, address;
  uint64_t strides[4];  // bytes between neighbours along dimensions 1 to 4
  uint32_t dims[5];
  uint16_t box[5];
  uint8_t rank, element_bytes;
  uint8_t swizzled;  // 0, 1, 3 or 7: which of the bits 7 to 9 of an address in shared memory change its bits 4 to 6

  uint64_t box_bytes() const {
    uint64_t bytes = element_bytes;
    for (int i = 0; i < rank; i++) bytes *= box[i];
    return bytes;
  }
};
static_assert(sizeof(TensorMap) <= 128);

}  // namespace standin

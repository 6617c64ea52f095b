#pragma once
#define CUDART_INF_F __builtin_inff()
#define CUDART_NAN_F __builtin_nanf("")
#define CUDART_PI_F 3.14159265358979f
#define CUDART_LN2_F 0.693147180559945f
#define CUDART_L2E_F 1.44269504088896f

// The stand-in needs nothing of it: prelude.h is there already.
#pragma once

#include "dialects/Tile/IR/TileDialect.h"

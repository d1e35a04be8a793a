// What the shared library offers: everything else in it is hidden.
#pragma once

#define COSMATI_API __attribute__((visibility("default")))

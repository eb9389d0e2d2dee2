// SPDX-License-Identifier: Apache-2.0
//
// NUMA nodes, last-level caches and cores from hwloc. Synthetic topologies (HWLOC_SYNTHETIC) therefore work here too.
#include "backend/topology.hpp"

#include <hwloc.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

/// The object of `type` around the CPU, as its logical index; 0 where hwloc knows of none.
int index_around(hwloc_topology_t map, hwloc_obj_t pu, hwloc_obj_type_t type) noexcept {
    const hwloc_obj_t found = hwloc_get_ancestor_obj_by_type(map, type, pu);
    return found != nullptr ? static_cast<int>(found->logical_index) : 0;
}

int node_of(hwloc_topology_t map, hwloc_obj_t pu) noexcept {
    hwloc_obj_t node = nullptr;
    while ((node = hwloc_get_next_obj_by_type(map, HWLOC_OBJ_NUMANODE, node)) != nullptr) {
        if (hwloc_bitmap_isset(node->cpuset, pu->os_index)) return static_cast<int>(node->logical_index);
    }
    return 0;
}

}  // namespace

void fill_in_localities(topology& t) noexcept {
    hwloc_topology_t map = nullptr;
    if (hwloc_topology_init(&map) != 0) return;
    // Only what is asked for below: devices and the like would cost milliseconds.
    hwloc_topology_set_all_types_filter(map, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(map, HWLOC_OBJ_L3CACHE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(map, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_flags(map, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);  // those too that may come to be ours
    if (hwloc_topology_load(map) == 0) {
        for (int index = 0; index < t.nr_cpus; ++index) {
            const hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(map, static_cast<unsigned>(t.cpus[index].os_index));
            if (pu == nullptr) continue;
            t.cpus[index].node = node_of(map, pu);
            if (hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(map, HWLOC_OBJ_CORE, pu)) {
                t.cpus[index].core = static_cast<int>(core->logical_index);
            }
            t.cpus[index].cache = index_around(map, pu, HWLOC_OBJ_L3CACHE);
        }
    }
    hwloc_topology_destroy(map);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq

// SPDX-License-Identifier: Apache-2.0
//
// A target that has precompiled headers has a source.

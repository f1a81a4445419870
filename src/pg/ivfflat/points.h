// Points of k-means: what a payload is to it. And the sample of a table that centroids are computed from.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <numeric>
#include <vector>

#include "core/cluster/space.h"
#include "pg/ivfflat/codec.h"
#include "pg/ivfflat/layout.h"
#include "vectorx/centre.h"
#include "vectorx/elementwise.h"

extern "C" {
#include <access/tableam.h>
#include <catalog/index.h>
#include <miscadmin.h>
}

namespace vectorx::pg::ivfflat {

// What k-means computes with: elements, how payloads become rows of them, how centroids are stored and read again, and
// what a list holds of a row. Points<Codec> are those of plain storage.
template <typename Codec>
class Points;

template <typename Element_>
class Points<DenseCodec<Element_>> {
 public:
    using Element = float;
    using Space = cluster::DenseSpace;

    static constexpr Storage kStorage = Storage::kPlain;

    Points(const OperatorClass& opclass, std::size_t dim)
        : opclass_(opclass), dim_(dim), spherical_(opclass.metric != Metric::kL2) {}

    Space space() const { return {dim_, spherical_}; }
    std::size_t stride() const { return dim_; }
    bool spherical() const { return spherical_; }

    // A point of the sample; false if it has no place among the points.
    bool sample(const std::byte* payload, float* point) const {
        convert(payload, point);
        // Payloads of the cosine metric have unit length.
        if (!spherical_ || (opclass_.metric == Metric::kCosine && std::is_same_v<Element_, float>)) return true;
        normalize(point, dim_, point);
        return kernels().inner_product(point, point, dim_) > 0;
    }

    // Sums of products lose the digits that all points have in common: so Euclidean points are taken relative to their
    // mean.
    void centre(float* points, std::size_t count, float* origin, std::pmr::memory_resource* memory) const {
        std::fill(origin, origin + dim_, 0.0F);
        if (spherical_ || count == 0) return;
        mean_of(points, count, dim_, origin, memory);
        for (std::size_t p = 0; p < count; ++p) residual(points + p * dim_, origin, dim_, points + p * dim_);
    }

    // Called once by the leader, between k-means and store().
    void prepare_origin(float*) {}

    // A row of the table as a point to be assigned.
    void point(const std::byte* payload, const float* origin, float* out) const {
        convert(payload, out);
        if (!spherical_) residual(out, origin, dim_, out);
    }

    // A centroid as it is stored.
    void store(const float* centroid, const float* origin, std::byte* payload) const {
        for (std::size_t i = 0; i < dim_; ++i) {
            float value = centroid[i] + origin[i];
            if constexpr (std::is_same_v<Element_, float>) {
                reinterpret_cast<float*>(payload)[i] = value;
            } else {
                reinterpret_cast<Half*>(payload)[i] = float_to_half(std::clamp(value, -kMaxHalf, kMaxHalf));
            }
        }
    }

    // What of a centroid is left when it has been stored.
    void read_stored(const std::byte* payload, const float* origin, float* centroid) {
        point(payload, origin, centroid);
    }

    std::size_t centroid_size() const { return dim_ * sizeof(Element_); }
    std::size_t entry_size() const { return dim_ * sizeof(Element_); }
    void write_entry(const float*, const float*, const std::byte* payload, std::byte* out) const {
        std::memcpy(out, payload, entry_size());
    }

    // How much nearer than its inner products say a centroid is. Lists are chosen as a scan does it: under the inner
    // product and the cosine metric, by the former alone.
    float bias(const float* centroid) const { return spherical_ ? 0 : space().norm(centroid) / 2; }

    void nearest(const float* points, std::size_t count, const float* centroids, const float* biases,
                 std::size_t centroid_count, float* scratch, std::uint32_t* out, float* scores) const {
        kernels().nearest_centroids(points, count, centroids, biases, centroid_count, dim_, scratch, out, scores);
    }

 private:
    void convert(const std::byte* payload, float* out) const { payload_to_floats(opclass_, payload, dim_, out); }

    const OperatorClass& opclass_;
    std::size_t dim_;
    bool spherical_;
};

template <>
class Points<BitCodec> {
 public:
    using Element = std::uint8_t;
    using Space = cluster::BitSpace;

    static constexpr Storage kStorage = Storage::kPlain;

    Points(const OperatorClass&, std::size_t bits) : bits_(bits), size_((bits + 7) / 8) {}

    Space space() const { return Space(bits_); }
    std::size_t stride() const { return size_; }
    bool spherical() const { return false; }

    bool sample(const std::byte* payload, std::uint8_t* point) const {
        std::memcpy(point, payload, size_);
        return true;
    }
    void centre(std::uint8_t*, std::size_t, float*, std::pmr::memory_resource*) const {}
    void prepare_origin(float*) {}
    void point(const std::byte* payload, const float*, std::uint8_t* out) const { std::memcpy(out, payload, size_); }
    void read_stored(const std::byte* payload, const float*, std::uint8_t* centroid) const {
        std::memcpy(centroid, payload, size_);
    }
    std::size_t centroid_size() const { return size_; }
    std::size_t entry_size() const { return size_; }
    void write_entry(const std::uint8_t*, const std::uint8_t*, const std::byte* payload, std::byte* out) const {
        std::memcpy(out, payload, size_);
    }
    void store(const std::uint8_t* centroid, const float*, std::byte* payload) const {
        std::memcpy(payload, centroid, size_);
    }
    float bias(const std::uint8_t*) const { return 0; }
    void nearest(const std::uint8_t* points, std::size_t count, const std::uint8_t* centroids, const float* biases,
                 std::size_t centroid_count, float* scratch, std::uint32_t* out, float* scores) const {
        space().assign(points, nullptr, count, centroids, biases, centroid_count, scratch, out, scores);
    }

 private:
    std::size_t bits_;
    std::size_t size_;
};

// Those of quantized storage. k-means runs as for plain; then all points are rotated and relative to the mean of the
// sample (or to zero, for the inner product), also those that a spherical k-means has divided.
class QuantizedPoints {
 public:
    using Element = float;
    using Space = cluster::DenseSpace;
    static constexpr Storage kStorage = Storage::kQuantized;

    QuantizedPoints(const OperatorClass& opclass, std::size_t dim)
        : opclass_(opclass), dim_(dim), codes_(dim), spare_(static_cast<float*>(palloc(dim * sizeof(float)))) {}

    Space space() const { return {dim_, spherical()}; }
    std::size_t stride() const { return dim_; }
    bool spherical() const { return opclass_.metric != Metric::kL2; }

    bool sample(const std::byte* payload, float* point) const {
        if (opclass_.type == IndexedType::kHalfvec)
            return Points<DenseCodec<Half>>(opclass_, dim_).sample(payload, point);
        return Points<DenseCodec<float>>(opclass_, dim_).sample(payload, point);
    }

    void centre(float* points, std::size_t count, float* origin, std::pmr::memory_resource* memory) const {
        std::fill(origin, origin + dim_, 0.0F);
        if (opclass_.metric == Metric::kInnerProduct || count == 0) return;
        mean_of(points, count, dim_, origin, memory);
        if (spherical()) return;
        for (std::size_t p = 0; p < count; ++p) residual(points + p * dim_, origin, dim_, points + p * dim_);
    }

    void prepare_origin(float* origin) { rotate(origin, spare_, dim_); }

    void point(const std::byte* payload, const float* origin, float* out) {
        payload_to_point(opclass_, payload, dim_, origin, out, spare_);
    }

    void store(const float* centroid, const float* origin, std::byte* payload) {
        auto* out = reinterpret_cast<float*>(payload);
        std::memcpy(out, centroid, dim_ * sizeof(float));
        rotate(out, spare_, dim_);
        // Others are relative to it already.
        if (opclass_.metric == Metric::kCosine) residual(out, origin, dim_, out);
    }
    void read_stored(const std::byte* payload, const float*, float* centroid) const {
        std::memcpy(centroid, payload, dim_ * sizeof(float));
    }

    std::size_t centroid_size() const { return dim_ * sizeof(float); }
    std::size_t entry_size() const { return codes_.entry_size(); }
    void write_entry(const float* point, const float* centroid, const std::byte*, std::byte* out) {
        residual(point, centroid, dim_, spare_);
        codes_.encode(point, spare_, out);
    }

    float bias(const float* centroid) const {
        return opclass_.metric == Metric::kInnerProduct ? 0 : space().norm(centroid) / 2;
    }
    void nearest(const float* points, std::size_t count, const float* centroids, const float* biases,
                 std::size_t centroid_count, float* scratch, std::uint32_t* out, float* scores) const {
        kernels().nearest_centroids(points, count, centroids, biases, centroid_count, dim_, scratch, out, scores);
    }

 private:
    const OperatorClass& opclass_;
    std::size_t dim_;
    ListCodes codes_;
    float* spare_;
};

// Calls use(points) with the points of an index of this operator class, storage and dimension.
template <typename Use>
auto with_points(const OperatorClass& opclass, Storage storage, int dimensions, Use&& use) {
    auto dim = static_cast<std::size_t>(dimensions);
    if (storage == Storage::kQuantized) return use(QuantizedPoints(opclass, dim));
    return with_list_codec(opclass, dimensions,
                           [&](const auto& codec) { return use(Points<std::decay_t<decltype(codec)>>(opclass, dim)); });
}

// Reads blocks of the table here and there until `wanted` rows are together, a few of each block if there are enough
// blocks: neighbours tend to be alike.
class BlockSample {
 public:
    // Takes a value; returns whether it is in the sample.
    using Take = bool (*)(void* state, Datum value);

    BlockSample(Relation heap, Relation index, IndexInfo* info, Take take, void* state)
        : heap_(heap), index_(index), info_(info), take_(take), state_(state) {}

    std::uint32_t read(std::uint32_t wanted) {
        const BlockNumber blocks = RelationGetNumberOfBlocks(heap_);
        if (blocks == 0) return 0;
        wanted_ = wanted;
        of_a_block_ =
            std::max<std::uint32_t>(1, static_cast<std::uint32_t>(4 * static_cast<std::uint64_t>(wanted) / blocks));
        // Steps of the golden ratio spread any number of blocks evenly; one that shares no factor meets each once.
        auto step = static_cast<std::uint64_t>(static_cast<double>(blocks) * 0.6180339887498949);
        while (std::gcd(step, static_cast<std::uint64_t>(blocks)) != 1) ++step;
        std::uint64_t block = 0;
        for (BlockNumber read = 0; read < blocks && taken_ < wanted_; ++read) {
            CHECK_FOR_INTERRUPTS();
            left_ = std::min(of_a_block_, wanted_ - taken_);
            table_index_build_range_scan(heap_, index_, info_, false, false, false, static_cast<BlockNumber>(block), 1,
                                         on_row, this, nullptr);
            block = (block + step) % blocks;
        }
        return taken_;
    }

 private:
    static void on_row(Relation, ItemPointer, Datum* values, bool* isnull, bool, void* state) {
        // Called by PostgreSQL, which an exception must not cross.
        auto* self = static_cast<BlockSample*>(state);
        if (isnull[0] || self->left_ == 0) return;
        guard([&] {
            if (!self->take_(self->state_, values[0])) return;
            --self->left_;
            ++self->taken_;
        });
    }

    Relation heap_;
    Relation index_;
    IndexInfo* info_;
    Take take_;
    void* state_;
    std::uint32_t wanted_ = 0;
    std::uint32_t of_a_block_ = 0;
    std::uint32_t left_ = 0;
    std::uint32_t taken_ = 0;
};

}  // namespace vectorx::pg::ivfflat

// Support functions 1 of the operator classes.
#include "pg/index/indexed_type.h"

using vectorx::kSparsevecType;
using vectorx::Metric;
using vectorx::pg::IndexedType;

VECTORX_OPERATOR_CLASS(hnsw_vector_l2_support, IndexedType::kVector, Metric::kL2, 2000)
VECTORX_OPERATOR_CLASS(hnsw_vector_ip_support, IndexedType::kVector, Metric::kInnerProduct, 2000)
VECTORX_OPERATOR_CLASS(hnsw_vector_cosine_support, IndexedType::kVector, Metric::kCosine, 2000)
VECTORX_OPERATOR_CLASS(hnsw_vector_l1_support, IndexedType::kVector, Metric::kL1, 2000)
VECTORX_OPERATOR_CLASS(hnsw_halfvec_l2_support, IndexedType::kHalfvec, Metric::kL2, 4000)
VECTORX_OPERATOR_CLASS(hnsw_halfvec_ip_support, IndexedType::kHalfvec, Metric::kInnerProduct, 4000)
VECTORX_OPERATOR_CLASS(hnsw_halfvec_cosine_support, IndexedType::kHalfvec, Metric::kCosine, 4000)
VECTORX_OPERATOR_CLASS(hnsw_halfvec_l1_support, IndexedType::kHalfvec, Metric::kL1, 4000)
VECTORX_OPERATOR_CLASS(hnsw_bit_hamming_support, IndexedType::kBit, Metric::kHamming, 64000)
VECTORX_OPERATOR_CLASS(hnsw_bit_jaccard_support, IndexedType::kBit, Metric::kJaccard, 64000)
VECTORX_OPERATOR_CLASS(hnsw_sparsevec_l2_support, IndexedType::kSparsevec, Metric::kL2, kSparsevecType.max_dim)
VECTORX_OPERATOR_CLASS(hnsw_sparsevec_ip_support, IndexedType::kSparsevec, Metric::kInnerProduct,
                       kSparsevecType.max_dim)
VECTORX_OPERATOR_CLASS(hnsw_sparsevec_cosine_support, IndexedType::kSparsevec, Metric::kCosine, kSparsevecType.max_dim)
VECTORX_OPERATOR_CLASS(hnsw_sparsevec_l1_support, IndexedType::kSparsevec, Metric::kL1, kSparsevecType.max_dim)

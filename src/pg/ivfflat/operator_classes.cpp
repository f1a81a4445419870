// Support functions 1 of the operator classes.
#include "pg/index/indexed_type.h"

using vectorx::Metric;
using vectorx::pg::IndexedType;

VECTORX_OPERATOR_CLASS(ivfflat_vector_l2_support, IndexedType::kVector, Metric::kL2, 2000)
VECTORX_OPERATOR_CLASS(ivfflat_vector_ip_support, IndexedType::kVector, Metric::kInnerProduct, 2000)
VECTORX_OPERATOR_CLASS(ivfflat_vector_cosine_support, IndexedType::kVector, Metric::kCosine, 2000)
VECTORX_OPERATOR_CLASS(ivfflat_halfvec_l2_support, IndexedType::kHalfvec, Metric::kL2, 4000)
VECTORX_OPERATOR_CLASS(ivfflat_halfvec_ip_support, IndexedType::kHalfvec, Metric::kInnerProduct, 4000)
VECTORX_OPERATOR_CLASS(ivfflat_halfvec_cosine_support, IndexedType::kHalfvec, Metric::kCosine, 4000)
VECTORX_OPERATOR_CLASS(ivfflat_bit_hamming_support, IndexedType::kBit, Metric::kHamming, 64000)

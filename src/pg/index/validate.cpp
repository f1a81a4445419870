#include "pg/index/validate.h"

extern "C" {
#include <access/amvalidate.h>
#include <access/htup_details.h>
#include <catalog/pg_amop.h>
#include <catalog/pg_amproc.h>
#include <catalog/pg_opclass.h>
#include <catalog/pg_type.h>
#include <utils/catcache.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

#include "pg/index/indexed_type.h"

namespace vectorx::pg {
namespace {

bool complain(const char* access_method, const char* opclass, const char* what) {
    ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                   errmsg("operator class \"%s\" of access method %s %s", opclass, access_method, what)));
    return false;
}

}  // namespace

bool validate_operator_class(Oid opclass_oid, const char* access_method) {
    HeapTuple tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass_oid));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for operator class %u", opclass_oid);
    auto* form = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple));
    const char* name = pstrdup(NameStr(form->opcname));
    Oid family = form->opcfamily;
    Oid type = form->opcintype;
    ReleaseSysCache(tuple);
    bool valid = true;

    CatCList* procedures = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(family));
    bool has_support = false;
    for (int i = 0; i < procedures->n_members; ++i) {
        auto* procedure = reinterpret_cast<Form_pg_amproc>(GETSTRUCT(&procedures->members[i]->tuple));
        if (procedure->amproclefttype != procedure->amprocrighttype)
            valid = complain(access_method, name, "contains a support function with different left and right types");
        if (procedure->amprocnum != kSupportProcedure) {
            valid = complain(access_method, name, "contains a support function with an invalid number");
        } else if (!check_amproc_signature(procedure->amproc, INTERNALOID, true, 1, 1, INTERNALOID)) {
            valid = complain(access_method, name, "contains a support function with the wrong signature");
        } else if (procedure->amproclefttype == type) {
            has_support = true;
        }
    }
    ReleaseCatCacheList(procedures);
    if (!has_support) valid = complain(access_method, name, "has no support function 1");

    CatCList* operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
    bool has_operator = false;
    for (int i = 0; i < operators->n_members; ++i) {
        auto* op = reinterpret_cast<Form_pg_amop>(GETSTRUCT(&operators->members[i]->tuple));
        if (op->amopstrategy != 1 || op->amoppurpose != AMOP_ORDER) {
            valid =
                complain(access_method, name, "contains an operator that is not an ordering operator with number 1");
        } else if (!check_amop_signature(op->amopopr, FLOAT8OID, op->amoplefttype, op->amoprighttype) ||
                   !opfamily_can_sort_type(op->amopsortfamily, FLOAT8OID)) {
            valid = complain(access_method, name, "contains an operator that does not return a distance");
        } else if (op->amoplefttype == type && op->amoprighttype == type) {
            has_operator = true;
        }
    }
    ReleaseCatCacheList(operators);
    if (!has_operator) valid = complain(access_method, name, "has no ordering operator");
    return valid;
}

}  // namespace vectorx::pg

/* SPDX-License-Identifier: MIT
 * Row sets as ranges: rows, a row, a value. */
#ifndef LIBMIGRATE_ROWS_HPP
#define LIBMIGRATE_ROWS_HPP

#include "basics.hpp"

#include <chrono>
#include <iterator>
#include <ostream>
#include <type_traits>
#include <vector>

namespace libmigrate {

using microseconds = std::chrono::duration<std::int64_t, std::micro>;
using time_point = std::chrono::time_point<std::chrono::system_clock, microseconds>;

namespace detail {
template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};
} /* namespace detail */

/* One cell, or one value of the whole set. Borrows from its rows. */
class value {
public:
    value(const char *text, std::size_t length, std::int64_t number) noexcept : text_(text), length_(length), number_(number) {}

    bool is_null() const noexcept { return text_ == nullptr; }
    explicit operator bool() const noexcept { return !is_null(); } /* there is one */
    /* Numbers too, as text; empty for null. */
    std::string_view text() const noexcept { return text_ == nullptr ? std::string_view() : std::string_view(text_, length_); }
    std::int64_t integer() const noexcept { return number_; } /* 0 for null and for what is no number */
    bool truth() const noexcept { return number_ != 0; }
    microseconds duration() const noexcept { return microseconds(number_); }
    time_point time() const noexcept { return time_point(duration()); }

    /* std::string, string_view, bool, integers, durations, time_point, or std::optional of one of them. */
    template <class T> T as() const
    {
        if constexpr (detail::is_optional<T>::value)
            return is_null() ? T() : T(as<typename T::value_type>());
        else if constexpr (std::is_same_v<T, bool>)
            return truth();
        else if constexpr (std::is_integral_v<T>)
            return static_cast<T>(number_);
        else if constexpr (std::is_same_v<T, time_point>)
            return time();
        else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>)
            return T(text());
        else
            return std::chrono::duration_cast<T>(duration());
    }

    friend bool operator==(const value &a, std::string_view b) noexcept { return !a.is_null() && a.text() == b; }
    friend bool operator!=(const value &a, std::string_view b) noexcept { return !(a == b); }
    friend std::ostream &operator<<(std::ostream &out, const value &v) { return out << v.text(); }

private:
    const char *text_;
    std::size_t length_;
    std::int64_t number_;
};

class rows;

/* One row, by column name or number. Borrows from its rows. */
class row {
public:
    row(const migrate_rows *rows, std::size_t index) noexcept : rows_(rows), index_(index) {}

    /* std::out_of_range where there is no such column. */
    value operator[](const char *column) const
    {
        const std::size_t number = migrate_rows_column_index(rows_, column);
        if (number == MIGRATE_NONE)
            throw std::out_of_range("no column \"" + std::string(column) + "\" among " + names());
        return at(number);
    }
    value operator[](const std::string &column) const { return (*this)[column.c_str()]; }
    value operator[](std::size_t column) const
    {
        if (column >= size())
            throw std::out_of_range("column " + std::to_string(column) + " of " + std::to_string(size()));
        return at(column);
    }
    value operator[](int column) const { return (*this)[static_cast<std::size_t>(column)]; }

    std::size_t size() const noexcept { return migrate_rows_columns(rows_); }
    std::size_t index() const noexcept { return index_; }

private:
    value at(std::size_t column) const noexcept
    {
        const bool null = migrate_rows_is_null(rows_, index_, column) != 0;
        return value(null ? nullptr : migrate_rows_text(rows_, index_, column), migrate_rows_text_length(rows_, index_, column),
                     migrate_rows_int(rows_, index_, column));
    }
    std::string names() const
    {
        std::string all;
        for (std::size_t i = 0; i < size(); i++)
            all += (i > 0 ? ", " : "") + std::string(detail::view(migrate_rows_column_name(rows_, i)));
        return all;
    }

    const migrate_rows *rows_;
    std::size_t index_;
};

/* A table of results, with some values of the whole set; immutable, independent of everything else. */
class rows {
public:
    class iterator {
    public:
        using iterator_category = std::random_access_iterator_tag;
        using value_type = row;
        using difference_type = std::ptrdiff_t;
        using reference = row;
        struct pointer {
            row held;
            const row *operator->() const noexcept { return &held; }
        };

        iterator() = default;
        iterator(const migrate_rows *rows, std::size_t index) noexcept : rows_(rows), index_(static_cast<difference_type>(index)) {}
        row operator*() const noexcept { return row(rows_, static_cast<std::size_t>(index_)); }
        pointer operator->() const noexcept { return pointer{**this}; }
        row operator[](difference_type n) const noexcept { return *(*this + n); }
        iterator &operator++() noexcept { return *this += 1; }
        iterator &operator--() noexcept { return *this -= 1; }
        iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
        iterator operator--(int) noexcept { return std::exchange(*this, *this - 1); }
        iterator &operator+=(difference_type n) noexcept
        {
            index_ += n;
            return *this;
        }
        iterator &operator-=(difference_type n) noexcept { return *this += -n; }
        friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
        friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
        friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
        friend difference_type operator-(const iterator &a, const iterator &b) noexcept { return a.index_ - b.index_; }
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.index_ == b.index_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return !(a == b); }
        friend bool operator<(const iterator &a, const iterator &b) noexcept { return a.index_ < b.index_; }
        friend bool operator>(const iterator &a, const iterator &b) noexcept { return b < a; }
        friend bool operator<=(const iterator &a, const iterator &b) noexcept { return !(b < a); }
        friend bool operator>=(const iterator &a, const iterator &b) noexcept { return !(a < b); }

    private:
        const migrate_rows *rows_ = nullptr;
        difference_type index_ = 0;
    };
    using const_iterator = iterator;
    using value_type = row;

    rows() = default;
    explicit rows(migrate_rows *handle, libmigrate::code answer = libmigrate::code::ok) noexcept : handle_(handle), code_(answer) {}

    /* ok, or the defined answer of the call: pending, stopped, differs, findings. */
    libmigrate::code code() const noexcept { return code_; }

    std::size_t size() const noexcept { return migrate_rows_count(get()); }
    bool empty() const noexcept { return size() == 0; }
    iterator begin() const noexcept { return iterator(get(), 0); }
    iterator end() const noexcept { return iterator(get(), size()); }
    row operator[](std::size_t index) const noexcept { return row(get(), index); }
    row at(std::size_t index) const
    {
        if (index >= size())
            throw std::out_of_range("row " + std::to_string(index) + " of " + std::to_string(size()));
        return row(get(), index);
    }

    std::vector<std::string_view> columns() const
    {
        std::vector<std::string_view> names(migrate_rows_columns(get()));
        for (std::size_t i = 0; i < names.size(); i++)
            names[i] = detail::view(migrate_rows_column_name(get(), i));
        return names;
    }

    /* A value of the whole set; null where there is none of that name. */
    libmigrate::value value(const std::string &name) const noexcept
    {
        const std::string_view text = detail::view(migrate_rows_value_text(get(), name.c_str()));
        return libmigrate::value(text.data(), text.size(), migrate_rows_value_int(get(), name.c_str()));
    }

    std::string json() const
    {
        detail::call frame;
        char *text = nullptr;
        frame.check(migrate_rows_json(get(), &text, frame.error()));
        return detail::take(text);
    }

    const migrate_rows *get() const noexcept { return handle_.get(); }

private:
    detail::owned<migrate_rows, migrate_rows_free> handle_;
    libmigrate::code code_ = libmigrate::code::ok;
};

/* What a run has done, one row a step. */
class report : public rows {
public:
    using rows::rows;

    bool changed() const noexcept { return value("changed").truth(); }
    std::optional<std::string> from() const { return value("from").as<std::optional<std::string>>(); }
    std::optional<std::string> to() const { return value("to").as<std::optional<std::string>>(); }
    microseconds waited() const noexcept { return value("waited_us").duration(); }
    bool pending() const noexcept { return code() == libmigrate::code::pending; } /* mode check */
    bool stopped() const noexcept { return code() == libmigrate::code::stopped; } /* a new run goes on */

    /* Ids that were brought up, in order. */
    std::vector<std::string> applied() const { return ids("up"); }
    std::vector<std::string> rolled_back() const { return ids("down"); }

private:
    std::vector<std::string> ids(std::string_view direction) const
    {
        std::vector<std::string> all;
        for (const row step : *this) {
            if (step["direction"] == direction && step["action"] != "record") /* what was only recorded was not applied */
                all.emplace_back(step["id"].text());
        }
        return all;
    }
};

} /* namespace libmigrate */

#endif

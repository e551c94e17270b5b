// A list through links inside its elements: order of arrival, removal from the middle, no allocation.
#pragma once

namespace millrace {

// Base of elements. Leaves its list when destroyed.
class list_link {
 public:
    list_link() noexcept = default;
    list_link(const list_link&) = delete;
    list_link& operator=(const list_link&) = delete;

    bool linked() const noexcept { return next_ != this; }
    void unlink() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }

 protected:
    ~list_link() { unlink(); }

 private:
    template <typename T>
    friend class linked_list;
    list_link* previous_ = this;
    list_link* next_ = this;
};

// Owns nothing: elements that are left stay linked to each other when it is destroyed.
template <typename T>
class linked_list {
 public:
    bool empty() const noexcept { return !ends_.linked(); }
    T& front() noexcept { return static_cast<T&>(*ends_.next_); }
    const T& front() const noexcept { return static_cast<const T&>(*ends_.next_); }
    void push_back(T& element) noexcept {
        list_link& link = element;
        link.previous_ = ends_.previous_;
        link.next_ = &ends_;
        link.previous_->next_ = ends_.previous_ = &link;
    }
    T& pop_front() noexcept {
        T& first = front();
        static_cast<list_link&>(first).unlink();
        return first;
    }

 private:
    class sentinel : public list_link {};
    sentinel ends_;
};

}  // namespace millrace
